"""Which account is collected when an environment's manifest says so, and how AWS's limits are met."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from keyplan.collecting.access import Access
from keyplan.collecting.calls import Call
from tests.collecting.world import ACCOUNT, AUDITOR, OTHER, REGION, SECOND, Collector, Made, client_error
from tests.command.environments import manifest_document
from tests.command.fake_aws import Answer, FakeAws, failure


def with_manifest(collector: Collector, account: str, region: str = REGION, endpoint: str = "") -> None:
    document: dict[str, Any] = manifest_document("prod", endpoint, {})
    document["consumers"] = {}
    aws = document["clouds"]["aws"]
    aws |= {"accountId": account, "region": region, "auditorRoleArn": f"arn:aws:iam::{account}:role/auditor"}
    if not endpoint:
        aws["endpoints"] = {}
    (collector.directory / "manifest.json").write_text(json.dumps(document))


def test_the_manifest_says_the_region(collector: Collector, made: Made) -> None:
    with_manifest(collector, ACCOUNT, SECOND)
    assert collector.run("--manifest", "manifest.json").code == 0
    assert collector.snapshot["region"] == SECOND
    assert [each["ARN"] for each in collector.snapshot["secrets"]] == [made.elsewhere]


def test_another_account_than_the_manifests_is_not_collected_in_its_place(collector: Collector) -> None:
    with_manifest(collector, OTHER)
    done = collector.run("--manifest", "manifest.json")
    assert (done.code, collector.sent, collector.work_file.exists()) == (2, [], False)
    assert done.err == (
        f"error: environment prod is in account {OTHER}, and your AWS credentials are of account {ACCOUNT}\n"
        f"hint: add --role {AUDITOR}, or set AWS_PROFILE to a profile of that account\n"
    )


def test_a_role_in_the_manifests_account_makes_it_the_snapshots_own(collector: Collector, made: Made) -> None:
    with_manifest(collector, OTHER)
    assert collector.run("--manifest", "manifest.json", "--role", AUDITOR).code == 0
    assert collector.snapshot["account_id"] == OTHER
    assert list(collector.snapshot["external_accounts"]) == [ACCOUNT]


def test_a_role_in_the_manifests_account_that_is_refused_is_an_error(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.sts.models import STSBackend

    def refuse(*_: object, **__: object) -> None:
        raise client_error("AccessDenied", "AssumeRole")

    monkeypatch.setattr(STSBackend, "assume_role", refuse)
    with_manifest(collector, OTHER)
    done = collector.run("--manifest", "manifest.json", "--role", AUDITOR)
    assert done.code == 3
    assert "the role there cannot be assumed: not allowed" in done.err


def test_a_foreign_host_has_to_be_confirmed(collector: Collector) -> None:
    with_manifest(collector, ACCOUNT, endpoint="https://aws.example.com")
    done = collector.run("--manifest", "manifest.json")
    assert (done.code, collector.sent) == (2, [])
    assert "add: --trust-endpoint aws.example.com" in done.err


def test_a_sandbox_that_does_not_run_is_said(collector: Collector) -> None:
    with_manifest(collector, ACCOUNT, endpoint="http://127.0.0.1:1")
    done = collector.run("--manifest", "manifest.json", "--timeout", "1")
    assert done.code == 3
    assert done.err == (
        "error: 127.0.0.1:1 cannot be asked who you are: no answer: the connection could not be made\n"
        "hint: is the sandbox running? `make sandbox` starts it\n"
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InvalidClientTokenId", "AWS does not know these credentials here"),
        ("ExpiredToken", "the credentials have expired"),
    ],
)
def test_credentials_that_aws_does_not_take_are_said(
    code: str, words: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.sts.models import STSBackend

    def refuse(*_: object, **__: object) -> None:
        raise client_error(code, "GetCallerIdentity")

    monkeypatch.setattr(STSBackend, "get_caller_identity", refuse)
    done = collector.run()
    assert done.code == 3
    assert done.err.startswith(f"error: AWS cannot be asked who you are: {words}")
    assert "hint: set AWS_PROFILE" in done.err


IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::123456789012:user/ann</Arn><UserId>A</UserId><Account>123456789012</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def test_a_call_that_aws_limits_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    fake = FakeAws()
    try:
        fake.answer("/", Answer(raw=IDENTITY))
        fake.answer("ListSecrets", failure("ThrottlingException"), Answer({"SecretList": []}))
        access = Access(REGION, {"secretsmanager": fake.url, "sts": fake.url}, (), 5)
        assert access.identity.account == ACCOUNT
        assert access.send(Call(ACCOUNT, REGION, "secretsmanager", "ListSecrets"))["SecretList"] == []
    finally:
        fake.close()
    assert fake.operations().count("ListSecrets") == 2


@pytest.mark.parametrize("region", [REGION, SECOND])
def test_threads_of_one_account_service_and_region_share_a_client(
    region: str, made: Made, collector: Collector
) -> None:
    access = Access(REGION, {}, (), 5)
    assert access.client(ACCOUNT, "kms", region) is access.client(ACCOUNT, "kms", region)
    retries = access.client(ACCOUNT, "kms", region).meta.config.retries
    assert (retries["mode"], retries["total_max_attempts"]) == ("adaptive", 5)
