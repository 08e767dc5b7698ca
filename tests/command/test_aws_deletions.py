"""Which secrets are deleted and restorable, as Secrets Manager says, and by whose credentials it is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from keyplan.endpoints import Endpoint
from keyplan.errors import AccessDenied, StoreError
from keyplan.parallel import THREADS_MAX
from keyplan.stores.aws_deletions import ACTION, Deletions, look_for_deletions
from keyplan.stores.aws_errors import Place
from keyplan.stores.aws_roads import Roads
from tests.command.environments import ACCOUNT, REGION
from tests.command.fake_aws import Answer, FakeAws, Request, failure

MISSING = failure("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
DELETED_EPOCH_SECONDS = 1_800_000_000.5


def arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{account}:secret:{name}-AbCdEf"


def alive(name: str) -> Answer:
    return Answer({"ARN": arn(name), "Name": name})


def deleted(name: str, account: str = ACCOUNT) -> Answer:
    return Answer({"ARN": arn(name, account), "Name": name, "DeletedDate": DELETED_EPOCH_SECONDS})


def look(url: str, names: Mapping[str, str], **settings: Any) -> Deletions:
    endpoint = Endpoint("secretsmanager", url)
    place = Place("dev", ACCOUNT, REGION, "", endpoint)
    roads = Roads(place, "aws", endpoint, ACTION, 10.0, lambda line: None, **settings)
    return look_for_deletions(place, names, roads)


def answering(fake_aws: FakeAws, answers: Mapping[str, Answer]) -> None:
    """Let each secret have an answer of its own."""

    def answer(request: Request) -> Answer:
        return answers[json.loads(request.body)["SecretId"]]

    fake_aws.answer("DescribeSecret", answer)


def test_only_what_waits_for_its_deletion_is_found_under_its_keys_name(fake_aws: FakeAws) -> None:
    answering(fake_aws, {"dev/a": alive("dev/a"), "dev/b": MISSING, "dev/c": deleted("dev/c")})

    result = look(fake_aws.url, {"first": "dev/a", "second": "dev/b", "third": "dev/c"})

    found = {key: (secret.arn, secret.deleted_epoch_seconds) for key, secret in result.found.items()}
    assert found == {"third": (arn("dev/c"), DELETED_EPOCH_SECONDS)}
    assert result.failure is None
    assert fake_aws.operations() == ["DescribeSecret"] * 3


def test_a_real_store_is_asked_in_the_same_way(moto_url: str) -> None:
    client = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=moto_url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_secret(Name="deletions/alive")
    its_arn = client.create_secret(Name="deletions/gone")["ARN"]
    date = client.delete_secret(SecretId=its_arn, RecoveryWindowInDays=7)["DeletionDate"]

    result = look(moto_url, {name: f"deletions/{name}" for name in ("alive", "gone", "never")})

    assert list(result.found) == ["gone"]
    assert result.found["gone"].arn == its_arn
    assert abs(result.found["gone"].deleted_epoch_seconds - date.timestamp()) < 1
    assert result.failure is None


def test_secrets_that_may_not_be_described_hide_no_other(fake_aws: FakeAws) -> None:
    """More of them than there are threads, so that the other one comes after them."""
    denied = failure("AccessDeniedException", "not authorized to perform: secretsmanager:DescribeSecret")
    names = {f"key-{number}": f"dev/{number}" for number in range(3 * THREADS_MAX)}
    answering(fake_aws, {**dict.fromkeys(names.values(), denied), "dev/b": deleted("dev/b")})

    result = look(fake_aws.url, {**names, "b": "dev/b"})

    assert list(result.found) == ["b"]
    assert isinstance(result.failure, AccessDenied)
    assert result.failure.message == (
        f"key key-0 of environment dev: your AWS identity may not do {ACTION} on secret dev/0 "
        f"(account {ACCOUNT}, region {REGION})"
    )


def test_what_fails_for_every_secret_is_asked_once_by_each_thread_at_most(fake_aws: FakeAws) -> None:
    fake_aws.answer("DescribeSecret", failure("ExpiredTokenException"))

    result = look(fake_aws.url, {f"key-{number}": f"dev/{number}" for number in range(100)})

    assert result.found == {}
    assert result.failure is not None
    assert result.failure.message.endswith("your AWS credentials have expired")
    assert len(fake_aws.requests) <= THREADS_MAX


def test_an_answer_from_another_account_is_none(fake_aws: FakeAws) -> None:
    fake_aws.answer("DescribeSecret", deleted("dev/a", account="999999999999"))

    assert look(fake_aws.url, {"a": "dev/a"}).found == {}


def test_credentials_that_are_missing_are_a_failure_and_no_crash(
    fake_aws_tls: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    result = look(fake_aws_tls.url, {"a": "dev/a"})

    assert result.found == {}
    assert isinstance(result.failure, StoreError)
    assert "there are no AWS credentials" in result.failure.message
    assert fake_aws_tls.requests == []


@pytest.mark.parametrize("trusted_by", ["SSL_CERT_FILE", "AWS_CA_BUNDLE"])
def test_a_profile_that_is_asked_for_signs_whatever_the_environment_says(
    fake_aws_tls: FakeAws,
    certificate: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted_by: str,
) -> None:
    """The first variable leaves the short road open, the second has botocore connect."""
    (tmp_path / "credentials").write_text(
        "[team]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = fake\n"
    )
    variables = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT",
        "AWS_SECRET_ACCESS_KEY": "fake",
        trusted_by: str(certificate[0]),
    }
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    fake_aws_tls.answer("DescribeSecret", alive("dev/a"))

    results = [look(fake_aws_tls.url, {"a": "dev/a"}, **each) for each in ({}, {"profile": "team"})]

    assert [result.failure for result in results] == [None, None]
    assert [request.access_key for request in fake_aws_tls.requests] == ["AKIAENVIRONMENT", "AKIAPROFILE"]
