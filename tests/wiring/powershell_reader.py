"""PowerShell's rules for the few statements that keyplan writes, read from its documentation.

Written apart from the writer, for machines without PowerShell: quotes are paired as the language does it (all
five characters are single quotes to it), `+` joins, `[char]::ConvertFromUtf32(n)` is a character, and `$env:`
set to nothing removes. Any other statement is an error.
Source: about_Quoting_Rules, about_Environment_Variables (learn.microsoft.com); System.Char.ConvertFromUtf32.
"""

from __future__ import annotations

import re

QUOTES = "'\u2018\u2019\u201a\u201b"
_ASSIGNMENT = re.compile(r"\$env:([A-Za-z_][A-Za-z0-9_]*)\s*=\s*")
_CHARACTER = re.compile(r"\[char\]::ConvertFromUtf32\(([0-9]+)\)")
_REMOVAL = re.compile(r"Remove-Item -ErrorAction Ignore -LiteralPath ")
_FUNCTION = re.compile(r"function [A-Za-z-]+ \{ [^{}]* \}")


class PowerShellError(Exception):
    """The text is none of the statements."""


def environment_after(text: str, before: dict[str, str]) -> dict[str, str]:
    """The variables after PowerShell ran the text."""
    variables, at = dict(before), 0
    while at < len(text):
        if text[at] in "\n ":
            at += 1
        elif text[at] == "#":
            at = (text + "\n").index("\n", at)
        elif match := _ASSIGNMENT.match(text, at):
            value, at = _expression(text, match.end())
            variables.pop(match[1], None)
            if value:
                variables[match[1]] = value
        elif match := _REMOVAL.match(text, at):
            names, at = _list(text, match.end())
            for name in names:
                variables.pop(name.removeprefix("Env:"), None)
        elif match := _FUNCTION.match(text, at):
            at = match.end()
        else:
            raise PowerShellError(text[at : at + 40])
    return variables


def _list(text: str, at: int) -> tuple[list[str], int]:
    item, at = _term(text, at)
    items = [item]
    while text.startswith(", ", at):
        item, at = _term(text, at + 2)
        items.append(item)
    return items, at


def _expression(text: str, at: int) -> tuple[str, int]:
    if not text.startswith("(", at):
        return _term(text, at)
    value, at = _term(text, at + 1)
    while text.startswith(" + ", at):
        more, at = _term(text, at + 3)
        value += more
    if not text.startswith(")", at):
        raise PowerShellError(text[at : at + 40])
    return value, at + 1


def _term(text: str, at: int) -> tuple[str, int]:
    if match := _CHARACTER.match(text, at):
        return chr(int(match[1])), match.end()
    if at >= len(text) or text[at] not in QUOTES:
        raise PowerShellError(text[at : at + 40])
    found, at = [], at + 1
    while True:
        if text[at] in QUOTES:
            if text[at + 1 : at + 2] not in QUOTES or at + 1 >= len(text):
                return "".join(found), at + 1
            at += 1  # the second of two is the text
        found.append(text[at])
        at += 1
