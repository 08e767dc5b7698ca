"""`keyplan status`: what is known of every key, from metadata alone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keyplan.age import State, age_of
from keyplan.durations import Duration
from keyplan.manifest.model import Manifest
from keyplan.overview.forms import table
from keyplan.overview.rows import Row
from keyplan.stores.aws_errors import Place
from keyplan.stores.labels import VersionLabel
from tests.command.environments import Environment, clean_environment, fake_key
from tests.command.fake_aws import Answer, FakeAws, Request, failure

DAY_SECONDS = 86_400


def version(age_days: float, *labels: str) -> Answer:
    entry = {
        "VersionId": "v" * 32,
        "VersionStages": ["AWSCURRENT", *labels],
        "CreatedDate": time.time() - age_days * DAY_SECONDS,
    }
    return Answer({"Versions": [entry]})


@pytest.fixture
def cloud(at: Callable[[str], Environment], fake_aws: FakeAws) -> Callable[..., Environment]:
    """An environment whose keys answer as given: (DescribeSecret, ListSecretVersionIds) by key."""

    def make(**answers: tuple[Answer, Answer]) -> Environment:
        def answer(position: int) -> Callable[[Request], Answer]:
            def by_key(request: Request) -> Answer:
                secret = json.loads(request.body)["SecretId"]
                return next(found[position] for key, found in answers.items() if f"/{key}-api-key" in secret)

            return by_key

        fake_aws.answer("DescribeSecret", answer(0))
        fake_aws.answer("ListSecretVersionIds", answer(1))
        return at(fake_aws.url)

    return make


def rows_of(environment: Environment, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = environment.run("status", "--format", "json", *arguments)
    return done.returncode, {row["key"]: row for row in json.loads(done.stdout)["keys"]}


PENDING = Answer({"Versions": [{"VersionId": "v" * 32, "VersionStages": ["AWSPENDING"], "CreatedDate": 1}]})
FINE = Answer({"ARN": "a", "Name": "n"})
STATES: dict[str, tuple[tuple[Answer, Answer], str, int, int]] = {
    "fresh": ((FINE, version(0)), "ok", 0, 0),
    "due in two weeks": ((FINE, version(77)), "due-soon", 0, 0),
    "too old": ((FINE, version(91)), "overdue", 0, 1),
    "empty": ((FINE, Answer({"Versions": []})), "no-value", 0, 1),
    "only pending": (
        (FINE, PENDING),
        "no-value", 0, 1,
    ),
    "deleted": ((Answer({"DeletedDate": 4_102_444_800}), FINE), "pending-deletion", 0, 1),
    "not there": ((failure("ResourceNotFoundException"), FINE), "missing", 0, 1),
    "denied": ((failure("AccessDeniedException"), FINE), "denied", 3, 3),
    "half denied": ((FINE, failure("AccessDeniedException")), "denied", 3, 3),
    "broken": ((failure("UnrecognizedClientException"), FINE), "unknown", 3, 3),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "state", "code", "checked"), STATES.values(), ids=STATES.keys())
def test_each_state_has_its_word_and_its_exit_codes(
    answers: tuple[Answer, Answer], state: str, code: int, checked: int, cloud: Callable[..., Environment]
) -> None:
    environment = cloud(anthropic=answers, openrouter=(FINE, version(1)))
    plain_code, rows = rows_of(environment)
    check_code, _ = rows_of(environment, "--check")
    assert (rows["anthropic"]["state"], plain_code, check_code) == (state, code, checked)
    assert rows["openrouter"]["state"] == "ok"


def test_a_key_that_cannot_be_looked_at_outranks_one_that_is_overdue(
    cloud: Callable[..., Environment],
) -> None:
    environment = cloud(anthropic=(FINE, version(91)), openrouter=(failure("AccessDeniedException"), FINE))
    done = environment.run("status", "--check")
    assert done.returncode == 3
    assert "overdue" in done.stdout
    assert "denied" in done.stdout


def test_the_json_form_has_every_documented_field(cloud: Callable[..., Environment]) -> None:
    label = "keyplan:2:0123456789ab:-:stored:assumed-role/Admin/alice"
    environment = cloud(
        anthropic=(FINE, version(91.5, label)), openrouter=(Answer({"DeletedDate": 4_102_444_800}), FINE)
    )
    document = json.loads(environment.run("status", "--format", "json").stdout)
    stored = document["keys"][0]["storedAt"]
    due = (datetime.fromisoformat(stored) + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert datetime.now(UTC) - datetime.fromisoformat(document.pop("checkedAt")) < timedelta(minutes=5)
    assert document == {
        "format": "keyplan-status/1",
        "environment": "dev",
        "accountId": "123456789012",
        "region": "eu-west-1",
        "keys": [
            {
                "key": "anthropic", "vendor": "anthropic", "owner": "ml@example.com",
                "secret": "dev/anthropic-api-key", "state": "overdue", "versionId": "v" * 32,
                "storedAt": stored, "ageDays": 91, "rotateEvery": "90d", "dueAt": due,
                "storedBy": "assumed-role/Admin/alice", "fingerprint": "0123456789ab", "deletedAt": None,
                "pending": None, "readers": ["chat-api", "evals"], "error": None,
            },
            {
                "key": "openrouter", "vendor": "generic", "owner": "ml@example.com",
                "secret": "dev/openrouter-api-key", "state": "pending-deletion", "versionId": None,
                "storedAt": None, "ageDays": None, "rotateEvery": "90d", "dueAt": None,
                "storedBy": None, "fingerprint": None, "deletedAt": "2100-01-01T00:00:00Z", "pending": None,
                "readers": ["evals"],
                "error": {
                    "message": "key openrouter of environment dev: secret dev/openrouter-api-key is deleted, "
                    "and can be restored until 2100-01-01 00:00 UTC",
                    "hint": "keyplan restore openrouter",
                },
            },
        ],
    }  # fmt: skip


def test_versions_beyond_the_first_page_count(at: Callable[[str], Environment], fake_aws: FakeAws) -> None:
    fake_aws.answer("DescribeSecret", FINE)

    def page(request: Request) -> Answer:
        return version(1) if b"NextToken" in request.body else Answer({"Versions": [], "NextToken": "more"})

    fake_aws.answer("ListSecretVersionIds", page)
    assert {row["state"] for row in rows_of(at(fake_aws.url))[1].values()} == {"ok"}


def test_what_was_put_is_shown_with_who_put_it(environment: Environment) -> None:
    environment.run("put", "anthropic", given=fake_key())
    done = environment.run("status")
    due = json.loads(environment.run("status", "--format", "json").stdout)["keys"][0]["dueAt"][:10]
    assert done.returncode == 0
    endpoint = environment.document["clouds"]["aws"]["endpoints"]["sts"].removeprefix("http://")
    shown = re.sub(r"\b\dm\b", "0m", done.stdout)  # a machine may take a minute for it
    assert shown == (
        f"environment {environment.name}: account 123456789012, the sandbox at {endpoint}\n"
        "\n"
        "KEY         STATE     AGE  DUE         STORED BY  READ BY\n"
        f"anthropic   ok        0m   {due}  user/moto  chat-api, evals\n"
        "openrouter  no value  -    -           -          evals\n"
    )


NOW = datetime(2026, 11, 21, tzinfo=UTC)


def a_table(document: dict[str, Any], width: int | None) -> str:
    manifest = Manifest.from_json(document)
    age = age_of(NOW - timedelta(days=91), NOW, Duration.parse("90d"), Duration.parse("14d"))
    label = VersionLabel("0" * 12, "assumed-role/PlatformEngineering/alice.example@example.com")
    rows = [
        Row(key, manifest.readers_of(key.name), State.OVERDUE, age, "v" * 32, label)
        for key in manifest.keys.values()
    ]
    return table(manifest, rows, [Place("dev", "123456789012", "eu-west-1", "", None)], width)


def test_a_narrow_terminal_gets_lines_that_fit(document: dict[str, Any]) -> None:
    assert a_table(document, 80).splitlines()[2:6] == [
        "KEY         STATE    AGE  DUE",
        "anthropic   overdue  91d  2026-11-20",
        "  stored by assumed-role/PlatformEngineering/alice.example@example.com",
        "  read by chat-api, evals",
    ]
    assert max(map(len, a_table(document, 80).splitlines())) <= 80


def test_a_pipe_gets_one_line_a_key(document: dict[str, Any]) -> None:
    assert len(a_table(document, None).splitlines()) == 5


def test_nothing_is_told_by_colour(document: dict[str, Any]) -> None:
    assert "\x1b" not in a_table(document, None) + a_table(document, 80)


def test_what_fails_for_every_key_is_said_once(cloud: Callable[..., Environment]) -> None:
    expired = (failure("ExpiredTokenException"), FINE)
    done = cloud(anthropic=expired, openrouter=expired).run("status")
    assert done.returncode == 3
    assert done.stdout.endswith(
        "\n\nkeys anthropic, openrouter of environment dev: your AWS credentials have expired\n"
        "  log in again, for instance with `aws sso login`\n"
    )


def test_a_sandbox_that_is_gone_is_told_with_the_way_to_start_it(at: Callable[[str], Environment]) -> None:
    done = at("http://127.0.0.1:1").run("status")
    assert done.returncode == 3
    assert done.stdout.endswith(
        "keys anthropic, openrouter of environment dev: no answer from the sandbox at 127.0.0.1:1: "
        "the connection could not be made\n  start the sandbox: make sandbox\n"
    )


def test_ctrl_c_does_not_wait_for_the_store(at: Callable[[str], Environment], fake_aws: FakeAws) -> None:
    fake_aws.answer("DescribeSecret", Answer(wait_seconds=50))
    environment = at(fake_aws.url)
    started = subprocess.Popen(
        environment.command("status"), env=clean_environment(environment.directory), stderr=subprocess.PIPE
    )
    while len(fake_aws.requests) < 2:
        time.sleep(0.01)
    os.kill(started.pid, signal.SIGINT)
    assert started.communicate(timeout=40)[1] == b"\ninterrupted\n"
    assert started.returncode == 130


def test_an_environment_without_keys_is_shown_as_that(environment: Environment) -> None:
    environment.document.update(keys={}, consumers={})
    environment.save()
    assert environment.run("status").returncode == 0
