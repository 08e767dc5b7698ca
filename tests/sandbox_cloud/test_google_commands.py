"""`advance` and `stranger` as a person runs them, in an environment that is on Google Cloud alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.clock.gcp.client import GoogleClient
from sandbox.project import Project
from sandbox.server.lifecycle import stop_server
from sandbox.server.record import ServerRecord, read_record
from tests.end_to_end.project_copy import ProjectCopy, copy_project

CATALOGUE = """\
config:
  gcp:project: keyplan-sandbox
  gcp:region: europe-west1
  keyplan:clouds: [gcp]
  keyplan:owner: platform@example.com
  keyplan:protect: false
  keyplan:keys:
    anthropic: {vendor: anthropic, owner: ml@example.com, rotateEvery: 5d, remindBefore: 2d, grace: 1d}
  keyplan:consumers:
    search-api: {runtime: cloud-run, keys: [anthropic]}
    nightly:
      runtime: gitlab-ci
      project: example/nightly
      projectId: "4242"
      branches: [main]
      keys: [anthropic]
"""
JOB = "/v1/projects/keyplan-sandbox/locations/europe-west1/jobs/sandbox-keyplan-value-age"
POOL = "projects/123456789012/locations/global/workloadIdentityPools/keyplan-sandbox"


@pytest.fixture(scope="module")
def copy(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    """One sandbox that is up and holds a value, for the tests of this file in their order."""
    made = copy_project(project, tmp_path_factory.mktemp("google"))
    (made.directory / "Pulumi.sandbox.yaml").write_text(CATALOGUE, encoding="utf-8")
    up = made.sandbox("up", "--engine", "builtin")
    assert up.code == 0, up.said
    yield made
    stop_server(Project(made.directory))


def put(copy: ProjectCopy, letter: str) -> None:
    ran = copy.keyplan("put", "anthropic", stdin="sk-ant-" + "api03-" + letter * 93 + "AA")
    assert ran.code == 0, ran.said


def advance(copy: ProjectCopy, span: str) -> str:
    ran = copy.sandbox("advance", span)
    assert ran.code == 0, ran.said
    return ran.stdout


def record(copy: ProjectCopy) -> ServerRecord:
    found = read_record(Project(copy.directory).directory)
    assert found is not None
    return found


def test_an_old_value_is_told_day_by_day_and_a_new_one_ends_it(copy: ProjectCopy) -> None:
    put(copy, "x")
    said = advance(copy, "8d")
    assert "sandbox-keyplan-value-age on Google Cloud ran 32 times" in said
    assert "To:      ml@example.com\nSubject: sandbox: the key anthropic must be rotated by" in said
    assert "To:      ml@example.com\nSubject: sandbox: the key anthropic is overdue since today" in said
    assert ", Google Cloud ──" in said
    put(copy, "y")
    assert "0 mails would have been sent" in advance(copy, "2d")


def test_a_job_that_was_paused_is_missed(copy: ProjectCopy) -> None:
    client = GoogleClient(record(copy))
    client.do("POST", f"{JOB}:pause", {})
    said = advance(copy, "1d")
    assert "sandbox-keyplan-reminder-silent no incident → an incident: no data for 23.5 hours" in said
    assert "To:      platform@example.com\nSubject: sandbox: the rotation reminder does not run" in said
    client.do("POST", f"{JOB}:resume", {})
    assert "an incident → no incident" in advance(copy, "1d")


def test_a_read_by_somebody_who_is_not_listed_is_refused_and_told(copy: ProjectCopy) -> None:
    ran = copy.sandbox("stranger")
    assert ran.code == 0, ran.said
    assert ran.stdout.startswith("user:somebody-else@example.com reads anthropic: PERMISSION_DENIED\n")
    assert "To:      ml@example.com, platform@example.com\n" in ran.stdout
    assert "Who: somebody-else@example.com" in ran.stdout


@pytest.mark.parametrize(
    "member",
    [
        "serviceAccount:sandbox-search-api-reader@keyplan-sandbox.iam.gserviceaccount.com",
        f"principal://iam.googleapis.com/{POOL}/subject/nightly:x?attribute.nightly=4242",
    ],
)
def test_a_read_by_a_listed_reader_is_given_out_and_not_told(copy: ProjectCopy, member: str) -> None:
    ran = copy.sandbox("stranger", "--as", member)
    assert ran.stdout == (
        f"{member} reads anthropic: it is given out\n"
        "no mail was sent: the catalogue lists that reader, or no policy watches\n"
    )


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("arn:aws:iam::123456789012:role/x", "the environment is not on AWS"),
        ("me", "a reader is given by user:, serviceAccount: or principal: and a name"),
        ("user:me", "this is no reader as IAM on Google Cloud names one"),
        ("user:ä@example.com", "this is no reader as IAM on Google Cloud names one"),
        ("user:a@example.com?x=y", "this is no reader as IAM on Google Cloud names one"),
    ],
)
def test_what_is_no_reader_here_is_told(copy: ProjectCopy, member: str, words: str) -> None:
    ran = copy.sandbox("stranger", "--as", member)
    assert (ran.code, words in ran.stderr, ran.stdout) == (2, True, "")


def test_no_value_is_in_anything_that_was_printed(copy: ProjectCopy) -> None:
    copy.sandbox("advance", "1d", "--verbose")
    assert not any("xxxx" in said or "yyyy" in said for said in copy.said)
    assert any('"event": "run"' in said for said in copy.said)  # what --verbose shows
