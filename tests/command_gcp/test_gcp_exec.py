"""`keyplan exec` on Google Cloud: what arrives is verified, and what cannot be read is told."""

from __future__ import annotations

import subprocess

import pytest

from keyplan.stores.crc32c import crc32c
from tests.command.environments import Environment, fake_key
from tests.command_gcp.google import STRANGER, Google, encoded

SHOW = ("sh", "-c", "printf %s $ANTHROPIC_API_KEY")


@pytest.fixture
def filled(on_google: Environment) -> Environment:
    """Both keys have values."""
    for key in ("anthropic", "openrouter"):
        assert on_google.run("put", key, given=fake_key(key[0])).returncode == 0
    return on_google


def run(environment: Environment, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return environment.run("exec", *arguments, **variables)


def test_the_program_gets_every_key(filled: Environment) -> None:
    program = ("sh", "-c", "printf '%s %s' $ANTHROPIC_API_KEY $OPENROUTER_API_KEY")
    assert run(filled, "--", *program).stdout == f"{fake_key('a')} {fake_key('o')}"


def test_readers_get_the_current_version_and_not_the_latest(filled: Environment, google: Google) -> None:
    filled.run("put", "anthropic", given=fake_key("b"))
    google.secret(f"{filled.name}-anthropic-api-key").aliases = {"current": 1}
    assert run(filled, "--only", "anthropic", "--", *SHOW).stdout == fake_key("a")


def test_a_stranger_starts_no_program(filled: Environment) -> None:
    done = run(filled, "--", *SHOW, KEYPLAN_SANDBOX_MEMBER=STRANGER)
    assert (done.returncode, done.stdout) == (3, "")
    assert "your Google Cloud identity may not do secretmanager.versions.access" in done.stderr


def test_the_users_own_credentials_are_never_sent_to_a_sandbox(filled: Environment) -> None:
    variables = {
        "CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.of-the-users-own",
        "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere",
        "HTTPS_PROXY": "http://127.0.0.1:1",
    }
    assert run(filled, "--only", "anthropic", "--", *SHOW, **variables).stdout == fake_key("a")


def test_a_key_without_a_value_is_told_with_the_command_that_stores_one(on_google: Environment) -> None:
    done = run(on_google, "--only", "anthropic", "--", *SHOW)
    assert done.returncode == 3
    assert f"nobody has stored a value in secret {on_google.name}-anthropic-api-key yet" in done.stderr
    assert "hint: keyplan put anthropic" in done.stderr


@pytest.mark.parametrize("state", ["DISABLED", "DESTROYED"])
def test_a_version_that_is_switched_off_is_told_as_that(
    state: str, filled: Environment, google: Google
) -> None:
    google.secret(f"{filled.name}-anthropic-api-key").versions[0].state = state
    done = run(filled, "--only", "anthropic", "--", *SHOW)
    assert done.returncode == 3
    assert f"that readers are sent to is {state.lower()}: they get no value" in done.stderr


LIES = {
    "another checksum": {"data": encoded(fake_key("d")), "dataCrc32c": str(crc32c(b"another"))},
    "no checksum": {"data": encoded(fake_key("d"))},
    "no text": {"dataCrc32c": "1"},
    "half a text": {"data": encoded(fake_key("d"))[:40], "dataCrc32c": str(crc32c(fake_key("d").encode()))},
    "nothing": {},
}


@pytest.mark.parametrize("payload", LIES.values(), ids=LIES.keys())
def test_a_value_that_arrives_damaged_is_asked_for_once_more_and_then_refused(
    payload: dict[str, str], filled: Environment, google: Google
) -> None:
    google.asked.clear()
    google.answers[":access"] = (200, {"name": "x", "payload": payload})
    done = run(filled, "--only", "anthropic", "--", *SHOW)
    assert (done.returncode, done.stdout) == (3, "")
    assert "arrived damaged, twice: its checksum (CRC32C)" in done.stderr
    assert len(google.asked) == 2
    assert fake_key("d") not in done.stderr


SHAPES = {
    "a line end": (fake_key() + "\n", "a line end after the value, as `echo` adds it"),
    "the object of AWS": ('{"ANTHROPIC_API_KEY": "x"}', "a JSON object, as it is stored on AWS"),
    "a NUL": ("a\0b", "characters that no environment variable can have"),
}


@pytest.mark.parametrize(("content", "words"), SHAPES.values(), ids=SHAPES.keys())
def test_another_shape_in_the_store_is_told_and_not_shown(
    content: str, words: str, filled: Environment, google: Google
) -> None:
    google.answers[":access"] = (
        200,
        {"payload": {"data": encoded(content), "dataCrc32c": str(crc32c(content.encode()))}},
    )
    done = run(filled, "--only", "anthropic", "--", *SHOW)
    assert done.returncode == 3
    assert f"holds {words}; expected the value alone" in done.stderr


def test_what_may_pass_is_tried_again(filled: Environment, google: Google) -> None:
    google.lost.append(":access")
    done = run(filled, "--only", "anthropic", "--", *SHOW)
    assert (done.stdout, done.stderr) == (fake_key("a"), "")


def test_a_quota_that_is_used_up_is_told_after_several_attempts(filled: Environment, google: Google) -> None:
    google.asked.clear()
    body = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded"}}
    google.answers[":access"] = (429, body)
    done = run(filled, "--only", "anthropic", "--", *SHOW)
    assert done.returncode == 3
    assert "has used up its quota of Secret Manager requests" in done.stderr
    assert len(google.asked) == 5


def test_a_store_that_does_not_answer_in_time_is_told(filled: Environment, google: Google) -> None:
    import time

    google.before[":access"] = lambda: time.sleep(2)
    done = run(filled, "--timeout", "0.3", "--only", "anthropic", "--", *SHOW)
    assert done.returncode == 3
    assert "it took too long" in done.stderr


def test_a_foreign_host_gets_nothing_that_the_user_did_not_confirm(on_google: Environment) -> None:
    on_google.document["clouds"]["gcp"]["endpoints"] = {"secretmanager": "https://secrets.example.com"}
    on_google.save()
    done = run(on_google, "--", *SHOW, CLOUDSDK_AUTH_ACCESS_TOKEN="t")
    assert done.returncode == 2
    assert (
        "sends secretmanager requests to secrets.example.com, which is not Google's own host" in done.stderr
    )


def test_reading_on_google_cloud_loads_neither_boto3_nor_google_auth(filled: Environment) -> None:
    import sys

    script = """
import os, sys
slow = {"boto3", "botocore", "google.auth", "urllib3", "requests", "dataclasses", "yaml"}
os.execvpe = lambda *_: print(sorted(slow & set(sys.modules)))
from keyplan.cli import run
run(sys.argv[1:])
"""
    command = [sys.executable, "-c", script, *filled.command("exec")[3:], "--", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "", "HOME": "/"})
    assert done.stdout == "[]\n", done.stderr
