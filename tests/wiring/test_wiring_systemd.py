"""The systemd target and the writer of systemd's lines: systemd reads back exactly what was meant."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from keyplan.wiring.syntax import systemd as syntax
from keyplan.wiring.systemd_service import COMMAND
from tests.wiring import systemd_reader as readers
from tests.wiring.conftest import example
from tests.wiring.local_consumers import NAME, without_keys
from tests.wiring_gcp.plain_texts import MANY, TEXTS, VARIABLES

real = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here: its documented rules are"
)


def writable(text: str) -> bool:
    """Whether no character of it is one that systemd refuses: the last two of a plane but the first."""
    return not any(ord(each) > 0xFFFF and ord(each) & 0xFFFE == 0xFFFE for each in text)


WRITABLE = VARIABLES.filter(lambda env: writable("".join(env.values())))


@MANY
@given(env=WRITABLE)
def test_the_documented_rules_read_back_exactly_the_same_text(env: dict[str, str]) -> None:
    assert readers.environment_of(wire(without_keys(example(), env=env), NAME, "systemd")) == env


@real
@MANY
@given(env=WRITABLE.map(lambda env: {name: f"{value}|" for name, value in env.items()}))
def test_systemd_reads_back_exactly_the_same_text(tmp_path: Path, env: dict[str, str]) -> None:
    text = wire(without_keys(example(), env=env), NAME, "systemd")
    # What it repeats goes to a log, which makes one line break of several, of either kind.
    shown = {name: re.sub(r"[\r\n]+", "\n", value) for name, value in env.items()}
    assert readers.environment_by_systemd(text, tmp_path) == shown


@MANY
@given(arguments=st.lists(TEXTS.filter(writable), max_size=6))
def test_every_argument_of_a_command_is_one_word(arguments: list[str]) -> None:
    cleared, line = syntax.command("/usr/bin/true", arguments)
    assert cleared == "ExecStart="
    words = readers.words(line.removeprefix("ExecStart="), in_command=True)
    assert words == ["/usr/bin/true", *arguments]


def verified(folder: Path, drop_in: str) -> str:
    """What systemd says to a unit with the drop-in beside it."""
    (folder / "chat.service.d").mkdir(exist_ok=True)
    (folder / "chat.service").write_text("[Service]\nExecStart=/bin/sleep 1\n")
    (folder / "chat.service.d" / "keyplan.conf").write_text(drop_in.replace(f"={COMMAND}", "=/bin/true"))
    done = readers.verify(folder / "chat.service")
    return f"{done.returncode}{done.stdout}{done.stderr}"


@real
def test_systemd_accepts_it_beside_a_unit_with_keys_and_without(manifest: Manifest, tmp_path: Path) -> None:
    assert verified(tmp_path, wire(manifest, NAME, "systemd")) == "0"
    keyless = without_keys(manifest, route="federation", env={"A": "%n $HOME 'x'\n"})
    assert verified(tmp_path, wire(keyless, NAME, "systemd")) == "0"
    assert "Invalid environment" in verified(tmp_path, "[Service]\nEnvironment=1A=x\n")


def test_the_unit_keeps_one_command_which_is_keyplan_exec(manifest: Manifest) -> None:
    lines = wire(manifest, NAME, "systemd").splitlines()
    assert lines[-2:] == [
        "ExecStart=",
        "ExecStart=/usr/local/bin/keyplan exec --manifest /etc/keyplan/prod.json --consumer chat-api "
        "-- PROGRAM ARGUMENT",
    ]
    assert all("Environment" not in line for line in lines if not line.startswith("#"))


def test_a_consumer_without_keys_keeps_its_command_and_gets_its_variables(manifest: Manifest) -> None:
    text = wire(
        without_keys(manifest, route="bedrock", env={"CLAUDE_CODE_USE_BEDROCK": "1"}), NAME, "systemd"
    )
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "[Service]",
        'Environment="CLAUDE_CODE_USE_BEDROCK=1"',
        "UnsetEnvironment=CLAUDE_CODE_USE_FOUNDRY CLAUDE_CODE_USE_VERTEX",
    ]


def test_what_no_unit_can_set_is_refused_and_never_shown(manifest: Manifest) -> None:
    for env, words in (({"TEXT": "CANARY\0"}, "NUL"), ({"A B": "CANARY"}, "a name may have letters")):
        with pytest.raises(UsageError, match=words) as caught:
            wire(without_keys(manifest, env=env), NAME, "systemd")
        assert "CANARY" not in caught.value.message
    for program in ("true", "/a b", "/a%n", ""):
        with pytest.raises(ValueError, match="absolute path"):
            syntax.command(program, [])


@pytest.mark.parametrize("character", ["\0", "\ud800", "\U0001fffe", "\U0010ffff"])
def test_a_character_that_systemd_cannot_take_is_refused(character: str) -> None:
    with pytest.raises(ValueError, match=r"NUL|UTF-8|keeps out of texts"):
        syntax.environment("A", f"CANARY{character}")


@real
def test_the_characters_that_are_refused_are_those_that_systemd_refuses(tmp_path: Path) -> None:
    allowed = ["\ufdd0|", "\ufffe|", "\uffff|", "\ufeff|", "\x7f|", "\x80|", "\x1b|", "\U0001fffd|"]
    lines = [syntax.environment(f"V{number}", text) for number, text in enumerate(allowed)]
    found = readers.environment_by_systemd("\n".join(["[Service]", *lines]), tmp_path)
    assert list(found.values()) == allowed
    found = readers.environment_by_systemd('[Service]\nEnvironment="A=\\U0001fffe|"', tmp_path)
    assert found == {}


def test_a_comment_never_takes_in_the_line_after_it() -> None:
    assert syntax.comment("a\\\nb \\ \n[Service]") == ["# a", "# b", "# [Service]"]


@pytest.mark.parametrize("text", ['"a', "%n", "a\\q", "%%%n"])
def test_the_reader_of_these_tests_takes_nothing_that_is_replaced(text: str) -> None:
    with pytest.raises(readers.SystemdLineError):
        readers.words(text)
