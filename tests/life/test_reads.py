"""Who read a value: what the clouds' audit logs say, matched with the catalogue's consumers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import AccessDenied
from keyplan.reads import ReadReport, cloud_logging, cloudtrail, who_read
from keyplan.reads.tally import Read, is_of, shown, tally
from tests.command.fake_aws import Answer, FakeAws, Request, failure
from tests.command_gcp.google import STRANGER, Google
from tests.life.conftest import NOW, Life, manifest_with

MANIFEST = manifest_with({})
SECRET = MANIFEST.keys["anthropic"].on_aws()
ROLE = "arn:aws:iam::123456789012:role/prod-chat-api-reader"


def record(**more: Any) -> str:
    """A CloudTrail record of a read by a role's session."""
    return json.dumps(
        {
            "eventName": "GetSecretValue",
            "eventTime": "2026-11-21T18:00:00Z",
            "sourceIPAddress": "10.0.0.1",
            "userAgent": "Boto3/1.40",
            "requestParameters": {"secretId": SECRET.arn},
            "userIdentity": {
                "type": "AssumedRole",
                "arn": "arn:aws:sts::123456789012:assumed-role/prod-chat-api-reader/task-1",
                "sessionContext": {"sessionIssuer": {"arn": ROLE}},
            },
            **more,
        }
    )


def test_a_record_says_who_when_and_from_where() -> None:
    assert cloudtrail.read_of(record(), SECRET) == Read(
        ROLE, f"role {ROLE}, session task-1", datetime(2026, 11, 21, 18, tzinfo=UTC), "10.0.0.1", "Boto3/1.40"
    )


IDENTITIES: dict[str, tuple[dict[str, Any], str]] = {
    "a user": ({"type": "IAMUser", "arn": "arn:u"}, "IAM user arn:u"),
    "root": ({"type": "Root", "arn": "arn:r", "accountId": "1"}, "the root user of account 1"),
    "a service": (
        {"type": "AWSService", "invokedBy": "ecs.amazonaws.com"},
        "the AWS service ecs.amazonaws.com",
    ),
    "another account": ({"type": "AWSAccount", "accountId": "9"}, "AWSAccount 9"),
    "nothing": ({}, "unknown "),
}


@pytest.mark.parametrize("case", IDENTITIES)
def test_every_kind_of_caller_has_a_description(case: str) -> None:
    identity, expected = IDENTITIES[case]
    read = cloudtrail.read_of(record(userIdentity=identity), SECRET)
    assert read is not None
    assert read.described == expected


@pytest.mark.parametrize("named", [SECRET.name, SECRET.arn, SECRET.arn[:-7]])
def test_a_secret_is_known_by_every_name_that_aws_takes(named: str) -> None:
    assert cloudtrail.read_of(record(requestParameters={"secretId": named}), SECRET) is not None


def test_another_secret_is_not_meant() -> None:
    for named in (SECRET.name + "2", SECRET.arn[:-6] + "??????", "", None, 7):
        assert cloudtrail.read_of(record(requestParameters={"secretId": named}), SECRET) is None


def test_a_refused_read_names_the_secret_in_its_message() -> None:
    refused = record(
        requestParameters=None,
        errorCode="AccessDenied",
        errorMessage=f"not authorized on resource: {SECRET.arn} because",
    )
    read = cloudtrail.read_of(refused, SECRET)
    assert read is not None
    assert read.is_refused


@given(st.one_of(st.text(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_no_record_whatever_it_is_breaks_the_report(text: str) -> None:
    assert cloudtrail.read_of(text, SECRET) is None


@given(st.dictionaries(st.sampled_from(["protoPayload", "timestamp"]), st.none() | st.text() | st.integers()))
def test_no_entry_whatever_it_is_breaks_the_report(entry: dict[str, Any]) -> None:
    assert cloud_logging.read_of(entry) is None


@given(st.text())
def test_what_a_caller_chose_cannot_act_on_a_terminal(text: str) -> None:
    assert all(character.isprintable() for character in shown(text))
    assert len(shown(text)) <= 201


def test_reads_are_counted_by_principal_strangers_first() -> None:
    manifest = manifest_with({"chat-api": {"runtime": "ecs", "roleArn": ROLE}})
    moments = [NOW - timedelta(hours=hours) for hours in range(3)]
    reads = [Read(ROLE, f"session {n}", at, f"10.0.0.{n}", "boto3") for n, at in enumerate(moments)]
    reads.append(Read("arn:x", "IAM user arn:x", NOW - timedelta(days=1), "8.8.8.8", "curl", is_refused=True))
    stranger, known = tally(reads, manifest, "anthropic", "aws")
    assert (stranger.described, stranger.consumers, stranger.reads, stranger.refused) == (
        "IAM user arn:x", (), 0, 1,
    )  # fmt: skip
    assert (known.consumers, known.reads, known.described) == (("chat-api",), 3, "session 0")
    assert (known.first, known.last, known.addresses) == (
        moments[2], moments[0], ("10.0.0.0", "10.0.0.1", "10.0.0.2"),
    )  # fmt: skip


SSO = "arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Llm_0123456789abcdef"
POOL = "projects/123456789012/locations/global/workloadIdentityPools/keyplan-prod"
# consumer, principal -> whether it is that consumer
MATCHES: dict[str, tuple[dict[str, Any], str, bool]] = {
    "a role": ({"runtime": "ecs", "roleArn": ROLE}, ROLE, True),
    "another role": ({"runtime": "ecs", "roleArn": ROLE}, ROLE + "2", False),
    "a permission set": ({"runtime": "people", "settings": {"permissionSet": "Llm"}}, SSO, True),
    "another permission set": ({"runtime": "people", "settings": {"permissionSet": "L"}}, SSO, False),
    "a service account": (
        {"runtime": "cloud-run", "cloud": "gcp", "member": "serviceAccount:a@b.example"},
        "serviceAccount:a@b.example", True,
    ),
    "a person": (
        {"runtime": "people", "cloud": "gcp", "settings": {"members": ["user:a@b.example"]}},
        "user:a@b.example", True,
    ),
    "a job of the pool": (
        {
            "runtime": "gitlab-ci", "cloud": "gcp", "member": f"principalSet://iam.googleapis.com/{POOL}/x/1",
            "workloadIdentityProvider": f"{POOL}/providers/ci-nightly",
        },
        f"principal://iam.googleapis.com/{POOL}/subject/project_path:x", True,
    ),
    "nobody": ({"runtime": "ecs"}, "", False),
}  # fmt: skip


@pytest.mark.parametrize("case", MATCHES)
def test_a_principal_is_matched_with_its_consumer(case: str) -> None:
    consumer, principal, expected = MATCHES[case]
    assert is_of(manifest_with({"it": consumer}).consumers["it"], principal) is expected


def ask(life: Life, cloud: str, since: datetime | None = None, now: datetime | None = None) -> Any:
    from keyplan.manifest.model import Manifest

    manifest = Manifest.from_json(life.environment.document)
    now = now or datetime.now(UTC)
    return who_read(
        manifest,
        manifest.keys["anthropic"],
        cloud,
        since or now - timedelta(hours=1),
        now,
        trusted_hosts=(),
        timeout_seconds=10,
        report=lambda _text: None,
    )


def test_reads_are_found_in_the_sandbox_of_both_clouds(on_both: Life, google: Google) -> None:
    """The log of Google Cloud says nothing until the project wants one."""
    on_both.put(on_both.new_key())
    assert ask(on_both, "gcp").notes[0].startswith("no entries: either nobody read, or the project writes no")
    audited = {"service": "secretmanager.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}
    google.project.policy.audit_configs = [audited]
    for cloud in ("aws", "gcp"):
        done = on_both.environment.run("exec", "--cloud", cloud, "--only", "anthropic", "--", "true")
        assert done.returncode == 0, done.stderr
        found = ask(on_both, cloud)
        assert isinstance(found, ReadReport), found
        assert [reader.reads for reader in found.readers] == [1]


def test_a_read_within_the_same_second_is_found_on_google(on_both: Life, google: Google) -> None:
    on_both.put(on_both.new_key())
    audited = {"service": "secretmanager.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}
    google.project.policy.audit_configs = [audited]
    done = on_both.environment.run("exec", "--cloud", "gcp", "--only", "anthropic", "--", "true")
    assert done.returncode == 0, done.stderr
    entry = google.world.log_entries[-1]
    read_at = datetime.fromisoformat(entry["timestamp"]).replace(microsecond=500_000)
    entry["timestamp"] = f"{read_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    found = ask(on_both, "gcp", read_at - timedelta(hours=1), read_at + timedelta(microseconds=1))
    assert isinstance(found, ReadReport), found
    assert [reader.reads for reader in found.readers] == [1]


def test_a_missing_right_is_named_on_google(on_both: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYPLAN_SANDBOX_MEMBER", STRANGER)
    found = ask(on_both, "gcp")
    assert isinstance(found, AccessDenied)
    assert "it lacks logging.privateLogEntries.list (project keyplan-sandbox)" in found.message
    assert found.hint == "roles/logging.privateLogViewer grants it"


def at_fake(life: Life, fake_aws: FakeAws) -> None:
    life.environment.document["clouds"]["aws"]["endpoints"]["cloudtrail"] = fake_aws.url


def test_a_missing_right_is_named_on_aws(plain: Life, fake_aws: FakeAws) -> None:
    at_fake(plain, fake_aws)
    fake_aws.answer("LookupEvents", failure("AccessDeniedException"))
    found = ask(plain, "aws")
    assert isinstance(found, AccessDenied)
    assert "your AWS identity may not do cloudtrail:LookupEvents" in found.message


def test_every_page_is_read_and_older_reads_than_the_history_are_told(plain: Life, fake_aws: FakeAws) -> None:
    at_fake(plain, fake_aws)
    arn = plain.environment.arn("anthropic")
    text = record(requestParameters={"secretId": arn})
    event = {"EventId": "1", "EventTime": 1_790_000_000.0, "CloudTrailEvent": text}

    def answer(request: Request) -> Answer:
        last = "NextToken" in json.loads(request.body)
        return Answer({"Events": [event], **({} if last else {"NextToken": "more"})})

    fake_aws.answer("LookupEvents", answer)
    found = ask(plain, "aws", datetime.now(UTC) - timedelta(days=200))
    assert isinstance(found, ReadReport), found
    assert ([reader.reads for reader in found.readers], found.is_complete) == ([2], False)
    assert "CloudTrail's event history has 90 days; older reads are in a trail, if any" in found.notes
