"""The main job, as a person does it: from a clone to a program that has its key, and what comes after."""

from __future__ import annotations

import json
import os
import secrets
import signal
import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.project_copy import ProjectCopy, Ran
from tests.end_to_end.stack_copy import (
    ENVIRONMENT,
    bring_up,
    clients_of,
    configuration_of,
    manifest_of,
    write_configuration,
)

ALPHABET = string.ascii_letters + string.digits + "-_"
CONSUMERS = {"chat-api", "evals", "indexer", "ml-team", "nightly", "search-api", "summarizer"}
HAS_THE_KEY = 'test -n "$ANTHROPIC_API_KEY"'


def new_key() -> str:
    return "sk-ant-" + "api03-" + "".join(secrets.choice(ALPHABET) for _ in range(93)) + "AA"


def put_admin_key(copy: ProjectCopy) -> None:
    """Give the sandbox's other key its value, which nothing here uses."""
    value = "sk-ant-" + "admin01-" + "".join(secrets.choice(ALPHABET) for _ in range(93)) + "AA"
    done(copy.keyplan("put", "anthropic-admin", stdin=value))


def done(ran: Ran) -> str:
    """What a command printed that had to succeed."""
    assert ran.code == 0, ran.said
    return ran.stdout


def status_of(copy: ProjectCopy, key: str = "anthropic") -> Mapping[str, Any]:
    document = json.loads(done(copy.keyplan("status", "--format", "json")))
    entry: Mapping[str, Any] = next(one for one in document["keys"] if one["key"] == key)
    return entry


def names_in_the_cloud(copy: ProjectCopy) -> set[str]:
    """Names of the secrets, roles and alarms that stand in the sandbox."""
    client = clients_of(copy)
    secrets_found = client("secretsmanager").list_secrets()["SecretList"]
    roles = client("iam").list_roles(MaxItems=1000)["Roles"]
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {
        *(secret["Name"] for secret in secrets_found),
        *(role["RoleName"] for role in roles),
        *(alarm["AlarmName"] for alarm in alarms),
    }


def test_from_a_clone_to_a_running_program(fresh: ProjectCopy) -> None:
    # Nothing is there, and the commands say what to do about it.
    nothing = fresh.keyplan("status")
    assert (nothing.code, "make sandbox" in nothing.stderr) == (2, True)
    assert fresh.sandbox("status").code == 3

    first = bring_up(fresh)
    assert words_of(first) == {"created"}
    assert "without a value: anthropic" in first
    assert (status_of(fresh)["state"], status_of(fresh)["versionId"]) == ("no-value", None)
    assert fresh.keyplan("status", "--check").code == 1
    before = fresh.keyplan("exec", "--", "sh", "-c", "echo started")
    assert (before.code, before.stdout) == (3, "")
    assert "keyplan put anthropic" in before.stderr

    key = new_key()
    stored = done(fresh.keyplan("put", "anthropic", stdin=key))
    entry = status_of(fresh)
    assert entry["state"] == "ok"
    assert entry["versionId"] in stored
    assert entry["fingerprint"] in stored
    assert entry["ageDays"] == 0
    assert set(entry["readers"]) == CONSUMERS
    assert {each["cloud"]: each["state"] for each in entry["clouds"]} == {"aws": "ok", "gcp": "ok"}
    put_admin_key(fresh)
    assert fresh.keyplan("status", "--check").code == 0

    # The code that users have already reads it: boto3 and json.loads, nothing of ours.
    reading = clients_of(fresh)("secretsmanager")
    answer = reading.get_secret_value(SecretId=f"{ENVIRONMENT}/anthropic-api-key")
    assert json.loads(answer["SecretString"]) == {"ANTHROPIC_API_KEY": key}

    done(fresh.keyplan("exec", "--", "sh", "-c", HAS_THE_KEY))
    printed = fresh.keyplan("exec", "--", "sh", "-c", 'printf %s "$ANTHROPIC_API_KEY"')
    assert printed.stdout == key

    # A second run has nothing to do, and the value is still there.
    second = bring_up(fresh)
    assert words_of(second) == {"kept"}
    assert "without a value" not in second
    done(fresh.keyplan("exec", "--", "sh", "-c", HAS_THE_KEY))

    done(fresh.sandbox("down"))
    assert fresh.sandbox("down").code == 0
    assert fresh.keyplan("exec", "--", "true").code != 0


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 42", 42),
        ("exit 255", 255),
        ("kill -TERM $$", -signal.SIGTERM),
        ("kill -KILL $$", -signal.SIGKILL),
        ("kill -PIPE $$", -signal.SIGPIPE),
        ("kill -INT $$", -signal.SIGINT),
    ],
)
def test_the_program_s_own_end_is_what_the_caller_sees(stored: ProjectCopy, program: str, code: int) -> None:
    assert stored.keyplan("exec", "--", "sh", "-c", program).code == code


@pytest.mark.parametrize(
    ("command", "code"), [(["./no-such-program"], 127), (["./not-executable"], 126), ([], 2)], ids=str
)
def test_a_program_that_cannot_be_started_has_the_shell_s_exit_code(
    stored: ProjectCopy, command: list[str], code: int
) -> None:
    (stored.directory / "not-executable").write_text("#!/bin/sh\n")
    assert stored.keyplan("exec", "--", *command).code == code


@pytest.fixture(scope="session")
def stored(running: ProjectCopy) -> ProjectCopy:
    """A running sandbox whose key has a value."""
    done(running.keyplan("put", "anthropic", stdin=new_key()))
    return running


def test_what_wire_prints_is_what_the_stack_exported(running: ProjectCopy) -> None:
    folder = running.directory / ".keyplan/sandbox/wiring"
    exported = {path.relative_to(folder): path.read_text() for path in folder.rglob("*") if path.is_file()}
    others = {"platform-team", "drafts", "reviews"}
    assert {str(path.parent) for path in exported} == {*CONSUMERS, *others}
    for path, text in exported.items():
        assert done(running.keyplan("wire", path.name, str(path.parent))) == text
    assert "role-to-assume" in done(running.keyplan("wire", "github-actions", "evals"))


def test_an_edit_applies_the_difference_and_a_failure_removes_nothing(fresh: ProjectCopy) -> None:
    bring_up(fresh)
    done(fresh.keyplan("put", "anthropic", stdin=new_key()))
    put_admin_key(fresh)
    before = names_in_the_cloud(fresh)
    config = configuration_of(fresh.directory, ENVIRONMENT)

    # A key and a consumer more.
    added = {
        **config,
        "keys": {**config["keys"], "openrouter": {"vendor": "generic", "envVar": "OPENROUTER_API_KEY"}},
        "consumers": {**config["consumers"], "crawler": {"runtime": "lambda", "keys": ["openrouter"]}},
    }
    write_configuration(fresh, added)
    said = bring_up(fresh)
    assert words_of(said) == {"created", "changed", "replaced", "kept"}
    assert "replaced: 1 resource" in said  # the source of a function, which Google Cloud cannot change
    assert "without a value: openrouter" in said
    new = names_in_the_cloud(fresh) - before
    assert {f"{ENVIRONMENT}/openrouter-api-key", f"{ENVIRONMENT}-crawler-reader"} <= new
    assert before <= names_in_the_cloud(fresh)
    assert set(manifest_of(fresh)["keys"]) == {"anthropic", "anthropic-admin", "openrouter"}
    done(fresh.keyplan("exec", "--only", "anthropic", "--", "sh", "-c", HAS_THE_KEY))

    # A mistake in the catalogue, then a program that fails half way: everything stays.
    write_configuration(
        fresh, {**config, "consumers": {"chat-api": {"runtime": "ecs", "keys": ["antropic"]}}}
    )
    failed = fresh.sandbox("up")
    assert failed.code == 2
    assert "anthropic" in failed.stderr
    write_configuration(fresh, config)
    program = fresh.directory / "__main__.py"
    right = program.read_text()
    program.write_text(right.replace("    environment = ", "    raise RuntimeError\n    environment = "))
    assert program.read_text() != right
    assert fresh.sandbox("up").code not in (0, 2)
    assert names_in_the_cloud(fresh) == before | new
    program.write_text(right)

    # Both taken out again.
    said = bring_up(fresh)
    assert words_of(said) == {"changed", "removed", "replaced", "kept"}
    assert names_in_the_cloud(fresh) == before
    assert set(manifest_of(fresh)["keys"]) == {"anthropic", "anthropic-admin"}
    done(fresh.keyplan("exec", "--", "sh", "-c", HAS_THE_KEY))

    # The cloud dies: it is made again, and what is lost is said.
    server = json.loads((fresh.directory / ".keyplan/sandbox/server.json").read_text())
    os.kill(server["pid"], signal.SIGKILL)
    dead = fresh.keyplan("status")
    assert (dead.code, "make sandbox" in dead.said) == (3, True)
    said = bring_up(fresh)
    assert "without a value: anthropic" in said
    assert "keyplan put anthropic" in said
    assert names_in_the_cloud(fresh) == before
    assert status_of(fresh)["state"] == "no-value"
    done(fresh.keyplan("put", "anthropic", stdin=new_key()))
    done(fresh.keyplan("exec", "--", "sh", "-c", HAS_THE_KEY))


def words_of(said: str) -> set[str]:
    """The kinds of change that `up` reports: the first word of each line that tells one."""
    kinds = {"created", "found", "changed", "replaced", "removed", "given", "kept"}
    return {line.split()[0].rstrip(":") for line in said.splitlines() if line[:1].strip()} & kinds


def test_the_owner_is_told_in_time_and_a_rotation_ends_it(fresh: ProjectCopy) -> None:
    bring_up(fresh)
    put_admin_key(fresh)

    # Without a value the owner is told at once.
    said = done(fresh.sandbox("advance", "1d"))
    assert "has no value" in said
    assert [to_whom(mail) for mail in mails_in(said)] == ["ml@example.com"] * 2  # one of each cloud
    assert "keyplan put anthropic" in said

    # An early rotation keeps the reminder silent.
    done(fresh.keyplan("put", "anthropic", stdin=new_key()))
    assert mails_in(done(fresh.sandbox("advance", "30d"))) == []
    done(fresh.keyplan("put", "anthropic", stdin=new_key()))
    assert mails_in(done(fresh.sandbox("advance", "60d"))) == []
    assert (status_of(fresh)["state"], status_of(fresh)["ageDays"]) == ("ok", 60)

    # 91 days after the last rotation it is overdue; the mail has all that its reader needs.
    today = datetime.now(UTC)
    said = done(fresh.sandbox("advance", "31d"))
    overdue = next(mail for mail in mails_in(said) if "overdue" in mail.splitlines()[1])
    assert to_whom(overdue) == "ml@example.com"
    assert "anthropic" in overdue.splitlines()[1]
    facts = {words[0]: words[1:] for words in map(str.split, overdue.splitlines()) if words}
    assert facts["Key"][0] == "anthropic"
    assert facts["Owner"] == ["ml@example.com"]
    assert facts["Age"][:2] in (["90", "days;"], ["91", "days;"])
    # What is stored grows older while the clock stays: it was due yesterday, give or take midnight.
    assert facts["Due"][0] in {f"{today - timedelta(days=1 - shift):%Y-%m-%d}" for shift in (-1, 0, 1)}
    assert "keyplan rotate anthropic" in overdue
    assert (status_of(fresh)["state"], status_of(fresh)["ageDays"]) == ("overdue", 91)
    assert fresh.keyplan("status", "--check").code == 1

    # A week on, the environment's owner hears of it too; the rotation ends it for both.
    later = mails_in(done(fresh.sandbox("advance", "8d")))
    assert {to_whom(mail) for mail in later} == {"ml@example.com", "platform@example.com"}
    done(fresh.keyplan("put", "anthropic", stdin=new_key()))
    assert status_of(fresh)["state"] == "ok"
    assert mails_in(done(fresh.sandbox("advance", "7d"))) == []


def mails_in(said: str) -> list[str]:
    """Each mail that `advance` shows, from its `To:` line on."""
    return [f"To:{part}" for part in said.split("\nTo:")[1:]]


def to_whom(mail: str) -> str:
    return mail.splitlines()[0].removeprefix("To:").strip()
