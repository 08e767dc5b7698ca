"""The powershell target: what PowerShell makes of it, or where there is none the rules that it documents."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from keyplan.wiring.syntax import powershell as syntax
from tests.wiring.conftest import example
from tests.wiring.local_consumers import (
    LEFTOVERS,
    NAME,
    PRINT,
    environment,
    record_as,
    recorded,
    run,
    with_variables,
    without_keys,
)
from tests.wiring.powershell_reader import PowerShellError, environment_after
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

NOT_EMPTY = VARIABLES.map(lambda env: {name: value for name, value in env.items() if value})
QUOTES = st.lists(st.sampled_from([*"'\u2018\u2019\u201a\u201b\"$`@ a\n"]), min_size=1).map("".join)
real = pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not here: its documented rules are")


def evaluated(text: str, home: Path, **more: str) -> dict[str, str]:
    """The environment of a program that PowerShell starts after it was given the text as the page says."""
    (home / "text").write_bytes(text.encode())
    program = ", ".join(syntax.word(each) for each in PRINT[1:])
    script = f"cat text | Out-String | Invoke-Expression; & {syntax.word(PRINT[0])} {program}"
    done = run(["pwsh", "-NoProfile", "-Command", script], environment(home, **more), home)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@MANY
@given(env=NOT_EMPTY)
def test_the_documented_rules_read_back_exactly_the_same_text(env: dict[str, str]) -> None:
    text = wire(with_variables(example(), env), NAME, "powershell")
    found = environment_after(text, {})
    assert {name: found.get(name) for name in env} == env


@MANY
@given(value=QUOTES)
def test_no_quote_ends_a_text_before_its_end(value: str) -> None:
    assert environment_after(syntax.export("A", value), {}) == {"A": value}


@real
@MANY
@given(env=NOT_EMPTY)
def test_powershell_reads_back_exactly_the_same_text(tmp_path: Path, env: dict[str, str]) -> None:
    found = evaluated(wire(with_variables(example(), env), NAME, "powershell"), tmp_path)
    assert {name: found.get(name) for name in env} == env


@real
def test_the_function_starts_a_program_with_its_arguments_through_exec(
    manifest: Manifest, tmp_path: Path
) -> None:
    record_as(tmp_path, "keyplan")
    (tmp_path / "text").write_text(wire(manifest, NAME, "powershell"))
    script = "cat text | Out-String | Invoke-Expression; Invoke-WithKeys claude 'a b' '*' --flag"
    env = environment(tmp_path, RECORD=str(tmp_path / "record"))
    done = run(["pwsh", "-NoProfile", "-Command", script], env, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert recorded(tmp_path / "record")[0] == [
        "exec", "--manifest", f"{tmp_path}/.config/keyplan/prod.json", "--consumer", NAME, "--",
        "claude", "a b", "*", "--flag",
    ]  # fmt: skip


def test_what_would_win_over_a_key_is_gone_and_the_rest_stays(manifest: Manifest) -> None:
    found = environment_after(wire(manifest, NAME, "powershell"), {"MINE": "1", **LEFTOVERS})
    assert found == {
        "MINE": "1",
        "ANTHROPIC_MODEL": "claude-sonnet-4-6",
        "ANTHROPIC_MAX_TOKENS": "4096",
    }


def test_every_line_is_ascii_whatever_the_variables_hold(manifest: Manifest) -> None:
    text = wire(with_variables(manifest, {"TEXT": "é\n\u2019\U0001f600"}), NAME, "powershell")
    assert re.fullmatch(r"[\n -~]*\n", text)
    assert (
        "$env:TEXT = ([char]::ConvertFromUtf32(233) + [char]::ConvertFromUtf32(10) + "
        "[char]::ConvertFromUtf32(8217) + [char]::ConvertFromUtf32(128512))\n"
    ) in text


def test_a_consumer_without_keys_gets_its_variables_and_no_function(manifest: Manifest) -> None:
    assert wire(without_keys(manifest, env={"A": "it's"}), NAME, "powershell") == (
        "# Variables of chat-api in prod; no value of a key is in here.\n"
        "# keyplan wire powershell chat-api | Out-String | Invoke-Expression\n"
        "$env:A = 'it''s'\n"
    )


@pytest.mark.parametrize(
    ("value", "words"), [("", "removes a variable that is set to nothing"), ("CANARY\0", "NUL")]
)
def test_what_powershell_cannot_hold_is_refused_and_never_shown(
    manifest: Manifest, value: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        wire(with_variables(manifest, {"TEXT": value}), NAME, "powershell")
    assert "CANARY" not in caught.value.message


@pytest.mark.parametrize("text", ["$env:A = 'a' b", "$env:A = 'a", "iex 'x'", "$env:A = $(x)"])
def test_the_reader_of_these_tests_takes_nothing_else(text: str) -> None:
    with pytest.raises((PowerShellError, IndexError)):
        environment_after(text, {})
