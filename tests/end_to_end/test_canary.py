"""One value goes through every command, in every way that can fail, and is found nowhere afterwards.

Looked through: what every command printed, the whole project with `.keyplan` and the server's log, the
temporary directory, the home, and the arguments of every process. One file may hold it: the dotenv file that
was asked for.
"""

from __future__ import annotations

import json
import secrets
import string
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.end_to_end.hostile_store import echoing_without_json, failing, holding, hostile_store
from tests.end_to_end.leak_detector import LeakDetector
from tests.end_to_end.project_copy import ProjectCopy, Ran
from tests.end_to_end.stack_copy import ENVIRONMENT, bring_up, clients_of, manifest_of
from tests.end_to_end.terminal import at_terminal
from tests.end_to_end.watched_copy import MARKER, Drive, watched

ALPHABET = string.ascii_letters + string.digits + "-_"
PROMPT = "not shown: "
ALLOWED = ".env"  # the one file that is asked for with values in it


def body() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(93)) + "AA"


KEY, NEXT_KEY = ("sk-ant-" + "api03-" + body() for _ in range(2))
ADMIN_KEY, LOGIN_TOKEN = "sk-ant-" + "admin01-" + body(), "sk-ant-" + "oat01-" + body()
DETECTOR = LeakDetector(KEY, NEXT_KEY, ADMIN_KEY, LOGIN_TOKEN)

REJECTED: dict[str, str | bytes] = {
    "quoted": f'"{KEY}"',
    "two line ends": f"{KEY}\n\n",
    "space after": f"{KEY} ",
    "cut short": KEY[:-1],
    "too long": f"{KEY}x",
    "an assignment": f"ANTHROPIC_API_KEY={KEY}",
    "an export": f"export ANTHROPIC_API_KEY={KEY}\n",
    "a JSON object": json.dumps({"ANTHROPIC_API_KEY": KEY}),
    "two keys": f"{KEY}\n{NEXT_KEY}\n",
    "over 64 KiB": KEY * 700,
    "UTF-16": KEY.encode("utf-16"),
    "not UTF-8": b"\xff" + KEY.encode(),
    "a NUL": f"{KEY}\0",
    "zero width": f"\u200b{KEY}",
    "an admin key": ADMIN_KEY,
    "a login token": LOGIN_TOKEN,
}
# Gives each of them to `keyplan put` and prints the exit code; one process, for the SDK is slow to start.
PUT_EACH = """
import io, json, sys
from keyplan.cli import run
for number, given in enumerate(json.load(sys.stdin)):
    sys.stdin = io.TextIOWrapper(io.BytesIO(bytes.fromhex(given)))
    print(run(["put", "anthropic", *["--verbose"] * (number % 2)]))
"""
# A value where an argument belongs: it is in the caller's own command line then, and nowhere else.
AS_ARGUMENT = [
    ["put", KEY],
    ["put", "anthropic", KEY],
    ["put", "anthropic", f"--value={KEY}"],
    ["put", f"anthropic={KEY}"],
    ["put", "anthropic", "--manifest", KEY],
    ["put", "anthropic", "--timeout", KEY],
    ["put", "anthropic", "--format", KEY],
    ["status", KEY],
    ["status", "--timeout", KEY],
    ["exec", "--only", KEY, "--", "true"],
    ["exec", "--consumer", KEY, "--", "true"],
    ["exec", KEY],
    ["key-helper", KEY],
    ["key-helper", "--key", KEY],
    ["exec", "--from", KEY, "--", "true"],
    ["keychain", KEY],
    ["keychain", "put", KEY],
    ["keychain", "put", "anthropic", KEY],
    ["keychain", "delete", f"anthropic={KEY}"],
    ["wire", KEY, "chat-api"],
    ["wire", "shell", KEY],
    ["wire", "dotenv", KEY],
    ["check", KEY],
    ["rotate", KEY],
    ["rotate", "anthropic", KEY],
    ["rollback", KEY],
    ["verify", KEY],
    ["history", KEY],
    ["retire", KEY],
    ["revoke", KEY, "--leaked"],
    ["revoke", "anthropic", "--leaked", "--version", KEY],
    ["restore", KEY],
    [KEY],
    [f"--{KEY}"],
]
DENIED = {
    "denied": failing("AccessDeniedException", "User is not authorized to perform this."),
    "KMS denied": failing("AccessDeniedException", "Access to KMS is not allowed."),
    "no such secret": failing(
        "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
    ),
    "no value": failing(
        "ResourceNotFoundException", "can't find the specified secret value for staging label"
    ),
    "pending deletion": failing("InvalidRequestException", "it was marked for deletion."),
    "invalid": failing("ValidationException", "1 validation error detected."),
    "unheard of": failing("TeapotException", "?"),
    "no JSON": echoing_without_json,
}
BY_HAND = {
    "bare": holding(KEY),
    "other fields": holding(json.dumps({"api_key": KEY})),
    "more fields": holding(json.dumps({"ANTHROPIC_API_KEY": KEY, "note": KEY})),
    "broken JSON": holding(json.dumps({"ANTHROPIC_API_KEY": KEY})[:-1]),
    "a list in it": holding(json.dumps({"ANTHROPIC_API_KEY": [KEY]})),
    "a NUL in it": holding(json.dumps({"ANTHROPIC_API_KEY": KEY + "\0"})),
}


@pytest.fixture
def drive(fresh: ProjectCopy, tmp_path: Path) -> Iterator[Drive]:
    """A sandbox of the test's own, watched from before it comes up until after it went down."""
    with watched(fresh, tmp_path, DETECTOR) as driven:
        yield driven


@pytest.fixture
def shared(running: ProjectCopy, tmp_path: Path) -> Iterator[Drive]:
    """The sandbox that other tests use too."""
    with watched(running, tmp_path, DETECTOR) as driven:
        yield driven


def at_once(actions: list[Callable[[], object]]) -> None:
    """Run commands side by side: each waits mostly for its own start."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        for started in [pool.submit(action) for action in actions]:
            started.result()


def test_a_value_goes_through_every_command_and_is_found_nowhere(drive: Drive) -> None:
    copy, keyplan, expect = drive.copy, drive.copy.keyplan, drive.expect
    bring_up(copy)

    # What is no key is refused, whatever is around it.
    given = [value.encode().hex() if isinstance(value, str) else value.hex() for value in REJECTED.values()]
    refused = expect(copy.run(sys.executable, "-c", PUT_EACH, stdin=json.dumps(given)), 0)
    assert refused.stdout.split() == ["2"] * len(REJECTED)

    # Stored, refused the second time, shown, used.
    expect(keyplan("put", "anthropic", "--dry-run", stdin=KEY), 0)
    expect(keyplan("put", "anthropic", "--verbose", stdin=KEY + "\n"), 0)
    expect(keyplan("put", "anthropic", stdin=KEY), 2)
    expect(keyplan("put", "anthropic", "--format", "json", stdin=NEXT_KEY), 0)
    expect(keyplan("put", "anthropic-admin", stdin=ADMIN_KEY), 0)
    program = ["--", "sh", "-c", 'test -n "$ANTHROPIC_API_KEY" && exit $1', MARKER]
    has_it = (
        f'import os, sys; sys.exit(os.environ["ANTHROPIC_API_KEY"][-20:] != {NEXT_KEY[-20:][::-1]!r}[::-1])'
    )
    at_once(
        [
            lambda: expect(keyplan("status"), 0),
            lambda: expect(keyplan("status", "--format", "json", "--check", "--verbose"), 0),
            lambda: expect(keyplan("exec", *program, "0"), 0),
            lambda: expect(keyplan("exec", "--verbose", *program, "7"), 7),
            lambda: expect(keyplan("exec", "--consumer", "chat-api", *program, "0"), 0),
            lambda: expect(keyplan("exec", "--", sys.executable, "-c", has_it, MARKER), 0),
            lambda: expect(keyplan("exec", "--", "./no-such-program", MARKER), 127),
            lambda: expect(keyplan("check"), 0),
            lambda: expect(keyplan("check", "--verbose", "--format", "json"), 0),
            lambda: expect(copy.sandbox("status", "--verbose"), 0),
            lambda: expect(copy.sandbox("up", "--verbose"), 0),
        ]
    )

    # At a terminal: the right value, a wrong one, Ctrl-C in the middle, Ctrl-D.
    put = [sys.executable, "-m", "keyplan", "put", "anthropic", "--verbose"]
    assert PROMPT in expect(at_terminal(copy, put, PROMPT, KEY + "\n"), 0).stdout
    expect(at_terminal(copy, put, PROMPT, f'"{KEY}"\n'), 2)
    expect(at_terminal(copy, put, PROMPT, KEY[:60] + "\x03"), 130)
    expect(at_terminal(copy, put, PROMPT, "\x04"), 2)

    # Wiring; the one file that may hold the value is private, and never one that git could pick up.
    wiring = copy.directory / ".keyplan/sandbox/wiring"
    for path in [path for path in wiring.rglob("*") if path.is_file()]:
        expect(keyplan("wire", path.name, path.parent.name), 0)
    allowed = copy.directory / ALLOWED
    expect(keyplan("wire", "dotenv", "chat-api", "--output", ALLOWED, "--verbose"), 0)
    expect(keyplan("wire", "dotenv", "chat-api", "--output", "not-ignored.txt"), 2)
    expect(keyplan("wire", "dotenv", "chat-api", "--output", "Pulumi.yaml", "--force"), 2)
    assert KEY in allowed.read_text()
    assert allowed.stat().st_mode & 0o777 == 0o600

    # Time, a deleted secret, the end.
    expect(copy.sandbox("stranger", "--verbose"), 0)
    expect(copy.sandbox("advance", "3d", "--verbose"), 0)
    secret = {"SecretId": f"{ENVIRONMENT}/anthropic-api-key"}
    clients_of(copy)("secretsmanager").delete_secret(**secret, RecoveryWindowInDays=7)
    at_once(
        [
            lambda: expect(keyplan("put", "anthropic", stdin=NEXT_KEY), 3),
            lambda: expect(keyplan("status", "--check"), 1),
            lambda: expect(keyplan("exec", "--verbose", "--", "true", MARKER), 3),
        ]
    )
    expect(copy.sandbox("down", "--verbose"), 0)
    expect(keyplan("put", "anthropic", stdin=NEXT_KEY), 2, 3)
    assert drive.found(allowed) == {}
    assert str(allowed) in drive.found()


def test_a_store_that_repeats_what_it_is_sent_is_not_repeated(shared: Drive) -> None:
    keyplan = shared.copy.keyplan
    dead = shared.manifest("dead", "http://127.0.0.1:1")  # where nobody listens
    actions: list[Callable[[], object]] = [
        lambda: shared.expect(
            keyplan("put", "anthropic", "--manifest", dead, "--timeout", "5", stdin=KEY), 3
        ),
        lambda: shared.expect(keyplan("exec", "--manifest", dead, "--", "true", MARKER), 3),
        lambda: shared.expect(keyplan("status", "--manifest", dead, "--timeout", "5"), 3),
    ]

    def against(
        name: str, answer: Callable[[str, bytes], tuple[int, bytes]], verb: str
    ) -> Callable[[], object]:
        def act() -> None:
            with hostile_store(answer) as url:
                manifest = shared.manifest(name.replace(" ", "-"), url)
                words = ["put", "anthropic"] if verb == "put" else ["exec"]
                program = [] if verb == "put" else ["--", "echo", "started", MARKER]
                ran = keyplan(*words, "--manifest", manifest, "--verbose", *program, stdin=KEY)
                assert ran.code not in (0, 1), name
                assert "started\n" not in ran.stdout, name

        return act

    actions += [against(f"put {name}", answer, "put") for name, answer in DENIED.items()]
    actions += [against(f"read {name}", answer, "exec") for name, answer in {**DENIED, **BY_HAND}.items()]
    at_once(actions)
    assert shared.found() == {}


def test_a_value_in_a_file_that_somebody_wrote_is_not_repeated(shared: Drive) -> None:
    copy, keyplan = shared.copy, shared.copy.keyplan
    good = json.dumps(manifest_of(copy))
    written = {
        "broken.json": good[:-1] + f', "x": "{KEY}"',
        "version.json": good.replace("keyplan-manifest/1", f"keyplan-manifest/{KEY}"),
        "owner.json": good.replace("ml@example.com", f"{KEY}\\u0000"),
        "variable.json": good.replace('"ANTHROPIC_API_KEY"', f'"{KEY}"'),
        "field.json": good[:-1] + f', "{KEY}": "{KEY}"}}',
        "duration.json": good.replace('"90d"', f'"{KEY}"'),
        "endpoint.json": good.replace("http://127.0.0.1", f"http://{KEY}@127.0.0.1"),
        "only.json": json.dumps(KEY),
    }
    for name, text in written.items():
        assert text != good, name
        (copy.directory / name).write_text(text)
    verbs = (["status"], ["put", "anthropic"], ["exec", "--", "true", MARKER], ["wire", "ecs", "chat-api"])
    at_once(
        [
            lambda verb=verb, name=name: shared.expect(  # type: ignore[misc]
                keyplan(verb[0], "--manifest", name, "--verbose", *verb[1:], stdin=NEXT_KEY), 2
            )
            for number, name in enumerate(written)
            for verb in verbs[number % 2 :: 2]
        ]
    )

    config = copy.directory / f"Pulumi.{ENVIRONMENT}.yaml"
    right = config.read_text()
    mistakes = {
        "a plain variable": right.replace("claude-sonnet-4-6", KEY),
        "an owner": right.replace("ml@example.com", KEY),
        "a field": right.replace("rotateEvery: 90d", f"rotateEvery: 90d\n      {KEY}: x"),
        "a duration": right.replace("90d", KEY),
        "a key's name": right.replace("[anthropic]", f"[{KEY}]"),
        "broken YAML": right + f"\n  keyplan:x: [{KEY}\n",
        "a consumer": right.replace("chat-api:", f"{KEY}:"),
    }
    try:
        for what, text in mistakes.items():
            assert text != right, what
            config.write_text(text)
            shared.expect(keyplan("check", ENVIRONMENT, "--verbose"), 2)
            shared.expect(copy.sandbox("up", "--verbose"), 2)
    finally:
        config.write_text(right)
    for name in written:
        (copy.directory / name).unlink()
    assert shared.found() == {}


def test_a_value_among_the_arguments_is_refused_and_not_repeated(running: ProjectCopy) -> None:
    ran: list[Ran] = []
    at_once(
        [
            lambda words=words: ran.append(running.keyplan(*words, stdin=NEXT_KEY))  # type: ignore[misc]
            for words in AS_ARGUMENT
        ]
    )
    assert [one.code for one in ran] == [2] * len(AS_ARGUMENT)
    assert [DETECTOR.forms_in(one.said) for one in ran] == [set()] * len(AS_ARGUMENT)
    assert DETECTOR.on_disk(running.directory, running.home, running.temporary) == {}
