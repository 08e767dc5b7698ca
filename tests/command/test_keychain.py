"""`keyplan keychain`, and the commands that read from it: real keyring, keychains of the tests' own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyplan.keychain.opening import INSTALL, item_name
from tests.command.environments import PROJECT, Environment, clean_environment, fake_key

pytest.importorskip("keyring", reason="keyring is not installed: pip install 'keyplan[keychain]'")

KEY = fake_key("k3y-")
SHOW = ("--", sys.executable, "-c", "import json, os, sys; json.dump(dict(os.environ), sys.stdout)")
Run = Callable[..., subprocess.CompletedProcess[str]]


def started(environment: Environment, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command as a new process, which has loaded nothing yet; the key is on its standard input."""
    return subprocess.run(
        environment.command(*arguments),
        input=KEY, capture_output=True, text=True, timeout=60, check=False, cwd=environment.directory,
        env=clean_environment(environment.directory, **variables),
    )  # fmt: skip


@pytest.fixture
def environment(document: dict[str, Any], tmp_path: Path) -> Environment:
    """The environment `dev`, whose cloud is nowhere: whatever is read comes from the keychain."""
    environment = Environment("dev", document, tmp_path)
    environment.save()
    return environment


@pytest.fixture
def keyplan(environment: Environment) -> Run:
    """Runs a command with a keychain, `Kept` if no other is named; nothing that it says may hold the key."""

    def run(*arguments: str, given: str = "", backend: str = "Kept", **variables: str) -> Any:
        done = environment.run(
            *arguments,
            given=given,
            PYTHON_KEYRING_BACKEND=backend
            if "." in backend
            else f"tests.command.keychain_backends.{backend}",
            KEYCHAIN=str(environment.directory / "keychain.json"),
            **variables,
        )
        assert KEY not in done.stderr
        assert "fault of keyplan" not in done.stderr
        return done

    return run


def put(keyplan: Run, key: str = "anthropic", value: str = KEY, **more: Any) -> Any:
    return keyplan("keychain", "put", key, given=value, **more)


def test_a_value_that_was_put_is_what_a_program_gets(keyplan: Run, environment: Environment) -> None:
    done = put(keyplan)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("key anthropic of environment dev: stored in the keychain (")
    assert KEY not in done.stdout
    items = json.loads((environment.directory / "keychain.json").read_text())
    assert items == {"keyplan dev/anthropic": KEY}
    done = keyplan("exec", "--from", "keychain", "--only", "anthropic", *SHOW, ANTHROPIC_AUTH_TOKEN="old")
    found = json.loads(done.stdout)
    assert found["ANTHROPIC_API_KEY"] == KEY
    assert "ANTHROPIC_AUTH_TOKEN" not in found
    assert keyplan("key-helper", "--from", "keychain").stdout == f"{KEY}\n"


def test_a_consumer_gets_its_keys_and_its_plain_variables(keyplan: Run) -> None:
    put(keyplan)
    found = json.loads(keyplan("exec", "--from", "keychain", "--consumer", "chat-api", *SHOW).stdout)
    assert (found["ANTHROPIC_API_KEY"], found["ANTHROPIC_MODEL"]) == (KEY, "claude-sonnet-4-6")


def test_a_second_put_replaces_and_a_second_delete_finds_nothing(keyplan: Run) -> None:
    put(keyplan, value=fake_key("o1d-"))
    put(keyplan)
    assert keyplan("key-helper", "--from", "keychain").stdout == f"{KEY}\n"
    for words in ("deleted from the keychain (", "was not in the keychain"):
        done = keyplan("keychain", "delete", "anthropic")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"key anthropic of environment dev: {words}" in done.stdout
    done = keyplan("key-helper", "--from", "keychain")
    assert (done.returncode, done.stdout) == (3, "")
    assert "this machine's keychain holds no value of it" in done.stderr
    assert "hint: keyplan keychain put anthropic" in done.stderr


def test_the_list_says_of_each_key_whether_it_is_there_and_shows_no_value(keyplan: Run) -> None:
    put(keyplan)
    done = keyplan("keychain", "list")
    assert KEY not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith("keys of environment dev in the keychain (")
    assert lines[1].startswith("  anthropic   there, fingerprint ")
    assert lines[2:] == ["  openrouter  not there"]


def test_every_key_that_is_missing_is_named_and_no_program_is_started(keyplan: Run) -> None:
    done = keyplan("exec", "--from", "keychain", "--", "echo", "started")
    assert (done.returncode, done.stdout) == (3, "")
    assert "2 keys cannot be read" in done.stderr
    assert "key openrouter of environment dev: this machine's keychain holds no value of it" in done.stderr


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f'"{KEY}"', "there is a quote around the value"),
        (KEY[:-1], "Anthropic API key"),
        ("", "there is no value"),
        (f"{KEY}\n{KEY}", "the value has 2 lines"),
        ("sk-ant-" + "admin01-" + "y" * 93 + "AA", "Admin API key"),
    ],
)
def test_what_cannot_be_the_keys_value_is_not_stored(
    keyplan: Run, environment: Environment, value: str, words: str
) -> None:
    done = put(keyplan, value=value)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert not (environment.directory / "keychain.json").exists()


def test_an_admin_key_stays_in_the_cloud(keyplan: Run, environment: Environment) -> None:
    environment.document["keys"]["anthropic"].update(
        vendor="anthropic-admin", envVar="ANTHROPIC_ADMIN_API_KEY"
    )
    environment.document["keys"]["anthropic"]["aws"]["jsonKey"] = "ANTHROPIC_ADMIN_API_KEY"
    environment.save()
    done = put(keyplan)
    assert (done.returncode, done.stdout) == (2, "")
    assert "anthropic is an Admin API key: it manages the organization" in done.stderr


def test_a_gateways_token_is_found_with_its_own_address_only(keyplan: Run, environment: Environment) -> None:
    """A manifest that somebody changed must not send the token to another host."""
    fields = {"vendor": "gateway", "envVar": "ANTHROPIC_AUTH_TOKEN", "baseUrl": "https://llm.example.com"}
    environment.document["keys"]["anthropic"].update(fields)
    environment.document["keys"]["anthropic"]["aws"]["jsonKey"] = "ANTHROPIC_AUTH_TOKEN"
    environment.document["consumers"] = {}
    environment.save()
    assert put(keyplan, value="gw-token-1").returncode == 0
    only = ("exec", "--from", "keychain", "--only", "anthropic", *SHOW)
    found = json.loads(keyplan(*only).stdout)
    assert (found["ANTHROPIC_AUTH_TOKEN"], found["ANTHROPIC_BASE_URL"]) == ("gw-token-1", fields["baseUrl"])
    environment.document["keys"]["anthropic"]["baseUrl"] = "https://elsewhere.example.com"
    environment.save()
    done = keyplan(*only)
    assert (done.returncode, done.stdout) == (3, "")
    assert item_name("dev", "a", None) == "dev/a"


@pytest.mark.parametrize(
    ("backend", "code", "words"),
    [
        ("keyring.backends.fail.Keyring", 2, "there is no keychain on this machine"),
        ("keyring.backends.null.Keyring", 2, "there is no keychain on this machine"),
        ("nowhere.Keyring", 2, "its configuration names a backend that does not load"),
        ("Locked", 3, "the keychain is locked, or did not let keyplan in"),
        ("Broken", 3, "nothing was stored: the keychain failed (ValueError)"),
        ("Cutting", 3, "the keychain did not keep the value as it was given"),
    ],
)
def test_what_goes_wrong_is_told_without_the_librarys_words(
    keyplan: Run, backend: str, code: int, words: str
) -> None:
    done = put(keyplan, backend=backend)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "CANARY" not in done.stderr


def test_a_backend_that_writes_a_file_is_refused(keyplan: Run, environment: Environment) -> None:
    """As keyrings.alt has them; a module of that name stands in for it."""
    package = environment.directory / "more" / "keyrings" / "alt"
    package.mkdir(parents=True)
    (package / "file.py").write_text(
        "from tests.command.keychain_backends import Kept\nclass PlaintextKeyring(Kept):\n    pass\n"
    )
    done = started(
        environment, "keychain", "put", "anthropic",
        PYTHONPATH=f"{PROJECT}{os.pathsep}{environment.directory / 'more'}",
        PYTHON_KEYRING_BACKEND="keyrings.alt.file.PlaintextKeyring",
        KEYCHAIN=str(environment.directory / "keychain.json"),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "keyring would keep values in a file, and that is no keychain" in done.stderr
    assert not (environment.directory / "keychain.json").exists()


def test_of_a_chain_the_first_real_keychain_is_taken(environment: Environment) -> None:
    program = (
        "import keyring; from keyring.backends import chainer, null; from keyring import set_keyring\n"
        "from tests.command.keychain_backends import Kept\n"
        "chain = chainer.ChainerBackend(); type(chain).backends = [null.Keyring(), Kept()]\n"
        "set_keyring(chain)\n"
        "from keyplan.keychain.opening import open_keychain\n"
        "print(type(open_keychain()._backend).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=clean_environment(environment.directory, PYTHONPATH=str(PROJECT)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("Kept\n", "")


def test_without_the_library_the_words_name_the_command_that_installs_it(environment: Environment) -> None:
    # A module of that name that cannot be imported is what a machine without keyring has.
    (environment.directory / "keyring.py").write_text("raise ImportError\n")
    for arguments in (["keychain", "list"], ["exec", "--from", "keychain", "--", "true"]):
        path = f"{environment.directory}{os.pathsep}{PROJECT}"
        done = started(environment, *arguments, PYTHONPATH=path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "the keychain needs the library keyring, which is not installed" in done.stderr
        assert f"hint: {INSTALL}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["keychain", "put"], "needs the name of a key"),
        (["keychain", "put", KEY], "a value is never an argument"),
        (["keychain", "put", "anthropic", KEY], "a value is never an argument"),
        (["keychain", "delete", f"anthropic={KEY}"], "a value is never an argument"),
        (["keychain", KEY], "a value is never an argument"),
        (["keychain", "put", "antropic"], "there is no such key in environment dev"),
        (["keychain", "list", "anthropic"], "it takes no name"),
        (["exec", "--from", "keychain", "--cloud", "aws", "--", "true"], "exclude each other"),
        (["key-helper", "--from", "keychain", "--cloud", "aws"], "exclude each other"),
    ],
)
def test_wrong_use_is_told_and_nothing_of_it_is_repeated(
    keyplan: Run, arguments: list[str], words: str
) -> None:
    done = keyplan(*arguments, given=KEY)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_command_that_reads_in_the_cloud_never_loads_the_library(environment: Environment) -> None:
    (environment.directory / "keyring.py").write_text(
        "import sys\nsys.stderr.write('loaded\\n')\nraise ImportError\n"
    )
    done = started(
        environment, "exec", "--timeout", "1", "--", "true",
        PYTHONPATH=f"{environment.directory}{os.pathsep}{PROJECT}",
        AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing",
    )  # fmt: skip
    assert done.returncode == 3
    assert "loaded" not in done.stderr
    done = started(environment, "keychain", "list", PYTHONPATH=str(environment.directory))
    assert done.stderr.startswith("loaded\n")
