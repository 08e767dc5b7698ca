"""What systemd makes of a unit's lines: systemd-analyze where it is here, and the rules that it documents.

systemd-analyze prints no variable. But it repeats, after all unquoting and replacing, an assignment whose
name it cannot take: so the readers are given the same line with a digit before the name.
Source: systemd.syntax(7), "Quoting"; systemd.unit(5), "Specifiers"; systemd.service(5), "Command lines".
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

SPOILED = "1"  # before a name: no variable begins with a digit
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "'": "'", "s": " "}
_NUMBERED = re.compile(r"x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})")
_REPEATED = r"^{unit}:(\d+): Invalid environment assignment, ignoring: "


class SystemdLineError(Exception):
    """A line that systemd would read as something else."""


def words(text: str, *, in_command: bool = False) -> list[str]:
    """The words of a value, by the documented rules; a specifier or a variable is an error."""
    found: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
        else:
            word, at = _word(text, at)
            found.append(_replaced(word, in_command))
    return found


def _word(text: str, at: int) -> tuple[str, int]:
    quote, found = "", ""
    while at < len(text) and (quote or text[at] != " "):
        if text[at] == "\\":
            character, at = _escape(text, at + 1)
            found += character
        elif quote and text[at] == quote:
            quote, at = "", at + 1
        elif not quote and text[at] in "\"'":
            quote, at = text[at], at + 1
        else:
            found, at = found + text[at], at + 1
    if quote:
        raise SystemdLineError("a quote without its end")
    return found, at


def _escape(text: str, at: int) -> tuple[str, int]:
    if match := _NUMBERED.match(text, at):
        return chr(int(match[1] or match[2] or match[3], 16)), match.end()
    if text[at : at + 1] not in _ESCAPES:
        raise SystemdLineError("an escape that systemd does not know")
    return _ESCAPES[text[at]], at + 1


def _replaced(word: str, in_command: bool) -> str:
    for sign in "%$" if in_command else "%":
        if re.search(rf"(?<!\{sign})(\{sign}\{sign})*\{sign}(?!\{sign})", word):
            raise SystemdLineError(f"a {sign} that stands for something else")
        word = word.replace(sign * 2, sign)
    return word


def environment_of(unit: str) -> dict[str, str]:
    """The variables that a unit sets, by the documented rules."""
    found: dict[str, str] = {}
    for value in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE):
        for word in words(value):
            name, _, text = word.partition("=")
            found[name] = text
    return found


def verify(unit: Path) -> subprocess.CompletedProcess[str]:
    """`systemd-analyze verify` of a unit, which stands with nothing but its drop-ins."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{unit.parent}:", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
    )
    # Decoded here: a line break of another kind stays what it is.
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def environment_by_systemd(unit_text: str, folder: Path) -> dict[str, str]:
    """The same as systemd itself reads it; every value of it has to end in a printable character."""
    unit = folder / "spoiled.service"
    spoiled = unit_text.replace('\nEnvironment="', f'\nEnvironment="{SPOILED}')
    unit.write_text(f"{spoiled}\n[Service]\nExecStart=/bin/true\n")
    pieces = re.split(_REPEATED.format(unit=re.escape(str(unit))), verify(unit).stderr, flags=re.MULTILINE)
    found: dict[str, str] = {}
    for text in pieces[2::2]:
        name, _, value = text.removesuffix("\n").removeprefix(SPOILED).partition("=")
        found[name] = value
    return found
