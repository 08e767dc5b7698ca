"""Shell text that every POSIX shell reads back as exactly the same: sh, bash, dash, ksh, zsh, also by `eval`.

Single quotes are the only form: nothing is special between them but the quote itself.
Source: POSIX, Shell Command Language, 2.2.2 "Single-Quotes"; what shells keep for themselves: bash(1), "Shell
Variables", and zshparam(1), "Parameters set by the shell" (checked 2026-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Assigning to them is an error, or the shell gives them a value of its own, or acts on them (zsh's USERNAME).
_KEPT = frozenset(
    {
        "_", "ARGC", "BASHOPTS", "BASHPID", "BASH_VERSINFO", "EGID", "EPOCHREALTIME", "EPOCHSECONDS", "ERRNO",
        "EUID", "FUNCNAME", "GID", "GROUPS", "HISTCMD", "IFS", "LINENO", "OPTARG", "OPTIND", "PPID", "PS4",
        "RANDOM", "SECONDS", "SHELLOPTS", "SRANDOM", "TTYIDLE", "UID", "USERNAME",
        "argv", "options", "pipestatus", "status",
    }
)  # fmt: skip


def word(text: str) -> str:
    """`text` as one word.

    Raises:
        ValueError: a NUL character, which no word can hold; the text says so, and never shows the value.
    """
    if "\0" in text:
        raise ValueError("a NUL character cannot be in an environment variable")
    return "'" + text.replace("'", "'\\''") + "'"


def export(name: str, value: str) -> str:
    """`export NAME='value'`, without the line break at its end.

    Raises:
        ValueError: a name that no shell can export, or that shells keep for themselves; or as `word`.
    """
    return f"export {_name(name)}={word(value)}"


def unset(names: Iterable[str]) -> str:
    """`unset -v A B`: the variables, and never functions of these names. ValueError as `export`."""
    return " ".join(["unset -v", *map(_name, names)])


def comment(text: str) -> str:
    """Comment lines, one per line of `text`."""
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("a name may have letters, digits and `_`, and starts with no digit")
    if name in _KEPT:
        raise ValueError("shells keep a variable of that name for themselves")
    return name
