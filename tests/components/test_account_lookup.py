"""Where an environment is built: the account, its hosts, and the endpoints that the manifest carries."""

from __future__ import annotations

import json

import pytest

from components.aws.account import Account, endpoints_from, read_account
from components.aws.tags import tags
from keyplan.errors import UsageError
from tests.components.catalogues import ACCOUNT, CHINA
from tests.components.recording import record


def test_the_account_is_read_once_as_plain_values() -> None:
    found: list[Account] = []
    recording = record(
        lambda: found.append(read_account()),
        config={"aws:endpoints": json.dumps([{"sts": "http://127.0.0.1:5000"}])},
    )
    assert found == [Account("123456789012", "aws", "eu-west-1", {"sts": "http://127.0.0.1:5000"})]
    assert len(recording.calls) == 3


def test_endpoints_of_other_services_and_empty_ones_are_left_out() -> None:
    block = {
        "s3": "https://s3.example.com",
        "kms": "",
        "sts": "https://sts.example.com",
        "secretsmanager": "",
    }
    assert endpoints_from(json.dumps([block])) == {"sts": "https://sts.example.com"}
    assert endpoints_from(None) == endpoints_from("") == {}


@pytest.mark.parametrize("text", ["{", "{}", '"x"', "[1]", '[{"sts": 1}]'])
def test_malformed_endpoints_say_how_they_are_written(text: str) -> None:
    with pytest.raises(UsageError) as error:
        endpoints_from(text)
    assert error.value.message == (
        "the configuration `aws:endpoints` is not a list with one object from service to URL"
    )


def test_an_endpoint_that_no_command_would_use_is_refused_here() -> None:
    with pytest.raises(
        UsageError, match=r"the endpoint of sts in `aws:endpoints` is no use to commands: plain http"
    ):
        endpoints_from('[{"sts": "http://sts.example.com"}]')


def test_hosts_and_arns_follow_the_partition() -> None:
    assert ACCOUNT.service_host("secretsmanager") == "secretsmanager.eu-west-1.amazonaws.com"
    assert CHINA.service_host("secretsmanager") == "secretsmanager.cn-north-1.amazonaws.com.cn"
    assert ACCOUNT.service_host("kms", "us-east-1") == "kms.us-east-1.amazonaws.com"
    assert CHINA.root_arn == "arn:aws-cn:iam::123456789012:root"
    assert ACCOUNT.arn("kms", "key/1") == "arn:aws:kms:eu-west-1:123456789012:key/1"


def test_tags_name_the_vendor_of_a_keys_own_resources_only() -> None:
    assert tags("prod", "ml@example.com", "anthropic") == {
        "environment": "prod",
        "managed-by": "keyplan",
        "owner": "ml@example.com",
        "vendor": "anthropic",
    }
    assert tags("prod", "ml@example.com") == {
        "environment": "prod",
        "managed-by": "keyplan",
        "owner": "ml@example.com",
    }
