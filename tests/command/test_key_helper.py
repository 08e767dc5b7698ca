"""`keyplan key-helper`: standard output has the value and nothing else, or nothing at all."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.cli.key_helper import one_line
from keyplan.errors import UsageError
from keyplan.secret_value import SecretValue
from tests.command.environments import Environment, clean_environment, fake_key

URL = "https://llm.example.com/anthropic"
KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "anthropic": ({"vendor": "anthropic", "envVar": "ANTHROPIC_API_KEY"}, fake_key()),
    "gate": ({"vendor": "gateway", "envVar": "ANTHROPIC_AUTH_TOKEN", "baseUrl": URL}, "gw-token-1"),
    "spare": ({"vendor": "gateway", "envVar": "SPARE_TOKEN", "baseUrl": URL}, "gw-token-2"),
    "admin": (
        {"vendor": "anthropic-admin", "envVar": "ANTHROPIC_ADMIN_API_KEY"},
        "sk-ant-" + "admin01-" + "y" * 93 + "AA",
    ),
    "router": ({"vendor": "generic", "envVar": "OPENROUTER_API_KEY"}, "or-0123456789abcdef"),
}
VALUES = [value for _, value in KEYS.values()]


@pytest.fixture
def with_keys(new_environment: Callable[..., Environment]) -> Callable[..., Environment]:
    """An environment with these keys and their values, and no consumers."""

    def make(*names: str) -> Environment:
        environment = new_environment(*names)
        environment.document["consumers"] = {}
        for name in names:
            entry, (fields, value) = environment.document["keys"][name], KEYS[name]
            entry.update(fields)
            entry["aws"]["jsonKey"] = entry["envVar"]
            content = json.dumps({entry["envVar"]: value})
            environment.secrets.put_secret_value(SecretId=environment.arn(name), SecretString=content)
        environment.save()
        return environment

    return make


def refusal(done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """What a refused run said; it printed nothing, and no value anywhere."""
    assert (done.returncode, done.stdout) == (code, "")
    assert not any(value in done.stderr for value in VALUES)
    assert "fault of keyplan" not in done.stderr
    return done.stderr


def test_the_value_and_a_line_end_are_all_that_is_printed(with_keys: Callable[..., Environment]) -> None:
    done = with_keys("anthropic", "router", "admin").run("key-helper")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{fake_key()}\n", "")


def test_what_verbose_says_goes_to_standard_error_and_holds_no_value(
    with_keys: Callable[..., Environment],
) -> None:
    done = with_keys("anthropic").run("key-helper", "--verbose")
    assert done.stdout == f"{fake_key()}\n"
    assert "manifest:" in done.stderr
    assert fake_key() not in done.stderr


def test_each_run_reads_anew_and_leaves_nothing_on_disk(with_keys: Callable[..., Environment]) -> None:
    environment = with_keys("anthropic")
    before = sorted(environment.directory.rglob("*"))
    assert environment.run("key-helper").stdout == f"{fake_key()}\n"
    content = json.dumps({"ANTHROPIC_API_KEY": fake_key("z")})
    environment.secrets.put_secret_value(SecretId=environment.arn("anthropic"), SecretString=content)
    assert environment.run("key-helper").stdout == f"{fake_key('z')}\n"
    assert sorted(environment.directory.rglob("*")) == before


def test_a_key_that_is_named_is_printed(with_keys: Callable[..., Environment]) -> None:
    environment = with_keys("anthropic", "gate")
    assert environment.run("key-helper", "--key", "gate").stdout == "gw-token-1\n"


def test_several_keys_that_fit_are_listed_and_none_is_guessed(with_keys: Callable[..., Environment]) -> None:
    said = refusal(with_keys("anthropic", "gate", "spare").run("key-helper"))
    assert "has several keys that Claude Code can use: anthropic, gate\n" in said
    assert "hint: keyplan key-helper --key anthropic" in said


def test_of_several_the_catalogues_key_for_claude_code_is_printed(
    with_keys: Callable[..., Environment],
) -> None:
    environment = with_keys("anthropic", "gate")
    environment.document["claudeCodeKey"] = "gate"
    environment.save()
    assert environment.run("key-helper").stdout == "gw-token-1\n"
    assert environment.run("key-helper", "--key", "anthropic").stdout == f"{fake_key()}\n"


def test_a_manifest_that_names_a_key_which_it_lacks_is_refused(with_keys: Callable[..., Environment]) -> None:
    environment = with_keys("anthropic")
    environment.document["claudeCodeKey"] = "anthropc"
    environment.save()
    assert "claudeCodeKey: there is no key anthropc" in refusal(environment.run("key-helper"))


@pytest.mark.parametrize("name", ["admin", "router", "spare"])
def test_a_key_that_claude_code_cannot_use_is_refused(
    name: str, with_keys: Callable[..., Environment]
) -> None:
    environment = with_keys("anthropic", name)
    said = refusal(environment.run("key-helper", "--key", name))
    assert f"Claude Code cannot use the key {name}, which is of vendor {KEYS[name][0]['vendor']}" in said


def test_an_environment_without_such_a_key_is_refused(with_keys: Callable[..., Environment]) -> None:
    assert "has no key that Claude Code can use" in refusal(with_keys("router").run("key-helper"))


def test_a_name_that_is_not_there_is_not_repeated(with_keys: Callable[..., Environment]) -> None:
    environment = with_keys("anthropic")
    said = refusal(environment.run("key-helper", "--key", fake_key()))
    assert "there is no such key in environment" in said
    assert "for Claude Code it has anthropic" in said
    refusal(environment.run("key-helper", fake_key()))


def test_a_key_without_a_value_is_told_with_the_command_that_stores_one(environment: Environment) -> None:
    said = refusal(environment.run("key-helper"), 3)
    assert "nobody has stored a value in secret" in said
    assert "hint: keyplan put anthropic" in said


def test_a_terminal_gets_no_value(with_keys: Callable[..., Environment]) -> None:
    environment = with_keys("anthropic")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        environment.command("key-helper"), stdout=theirs, stderr=subprocess.PIPE, check=False, timeout=60,
        env=clean_environment(environment.directory),
    )  # fmt: skip
    os.write(theirs, b"end")
    shown = os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, shown) == (2, b"end")
    assert b"standard output is a terminal" in done.stderr


ADDRESSES: dict[str, tuple[str, str, bool]] = {
    "Anthropic's own": ("anthropic", "https://api.anthropic.com", True),
    "Anthropic's own, with a path": ("anthropic", "https://api.anthropic.com/", True),
    "none": ("anthropic", "", True),
    "another host": ("anthropic", URL, False),
    "without encryption": ("anthropic", "http://api.anthropic.com", False),
    "a host that begins alike": ("anthropic", "https://api.anthropic.com.example.org", False),
    "a user that looks like a host": ("anthropic", "https://api.anthropic.com@example.org/", False),
    "the gateway's own": ("gate", URL + "/", True),
    "no gateway yet": ("gate", "", True),
    "Anthropic's for a gateway's token": ("gate", "https://api.anthropic.com", False),
    "another path of the gateway": ("gate", URL + "/other", False),
}


@pytest.mark.parametrize(("key", "address", "right"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_a_key_is_printed_only_where_it_would_be_sent_to_its_own_address(
    key: str, address: str, right: bool, with_keys: Callable[..., Environment]
) -> None:
    done = with_keys(key).run("key-helper", ANTHROPIC_BASE_URL=address)
    if right:
        assert (done.returncode, done.stdout) == (0, f"{KEYS[key][1]}\n")
    else:
        said = refusal(done)
        assert "ANTHROPIC_BASE_URL is" in said
        assert not address or address not in said


def test_a_host_that_was_confirmed_gets_the_vendors_key_and_no_gateways_token(
    with_keys: Callable[..., Environment],
) -> None:
    environment = with_keys("anthropic", "gate")
    confirmed = ("key-helper", "--trust-endpoint", "proxy.example.com", "--key")
    proxy = {"ANTHROPIC_BASE_URL": "https://proxy.example.com/v1"}
    assert environment.run(*confirmed, "anthropic", **proxy).stdout == f"{fake_key()}\n"
    refusal(environment.run(*confirmed, "gate", **proxy))


@given(st.text())
def test_a_value_is_one_line_that_a_header_can_hold_or_it_is_refused(text: str) -> None:
    fits = bool(text.strip()) and all(" " <= character <= "~" for character in text)
    if fits:
        assert one_line("anthropic", SecretValue(text)) == text
    else:
        with pytest.raises(UsageError) as caught:
            one_line("anthropic", SecretValue(text))
        assert caught.value.message == (
            "the value of anthropic cannot be sent by Claude Code: a header takes one line of printable ASCII"
        )


def test_starting_it_loads_no_more_than_exec_does() -> None:
    program = "import sys, keyplan.cli.{}; print(*sys.modules)"
    helper, start = (
        set(
            subprocess.run(
                [sys.executable, "-c", program.format(name)], capture_output=True, text=True, check=True
            ).stdout.split()
        )
        for name in ("key_helper", "exec")
    )
    assert helper - start == {"keyplan.cli.key_helper", "keyplan.claude_code"}
