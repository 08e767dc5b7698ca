"""Lines of systemd units that systemd reads back as exactly the same text.

Three readers stand behind one another: quotes and backslashes make words, `%` begins a specifier, and in a
command line `$` begins a variable. Every word is written for all that apply to it.
Source: systemd.syntax(7), "Quoting"; systemd.unit(5), "Specifiers"; systemd.service(5), "Command lines";
systemd.exec(5), Environment= and UnsetEnvironment= (checked 2026-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What needs no quotes in any place, and is no specifier, variable, escape or operator (`;` alone is one).
_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@+-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "%": "%%"}


def environment(name: str, value: str) -> str:
    """`Environment="NAME=value"`.

    Raises:
        ValueError: a name that is none, or a character that systemd cannot take: NUL, half of a surrogate
            pair, the last two of a plane. The text says which, and never shows the value.
    """
    return f"Environment={_quoted(f'{_name(name)}={value}')}"


def unset_environment(names: Iterable[str]) -> str:
    """`UnsetEnvironment=A B`: neither the manager's nor the unit's own variables of these names."""
    return f"UnsetEnvironment={' '.join(map(_name, names))}"


def command(program: str, arguments: Sequence[str]) -> list[str]:
    """The lines that replace a service's command: an empty ExecStart= clears what the unit has.

    Args:
        program: an absolute path of plain characters; the program's word follows rules of its own.

    Raises:
        ValueError: another path, or an argument that cannot be written, as `environment`.
    """
    if not program.startswith("/") or _PLAIN.fullmatch(program) is None:
        raise ValueError("the program is no absolute path of plain characters")
    words = [
        text if _PLAIN.fullmatch(text) else _quoted(text).replace("$", "$$")  # twice: it is no variable
        for text in arguments
    ]
    return ["ExecStart=", " ".join([f"ExecStart={program}", *words])]


def comment(text: str) -> list[str]:
    """Comment lines, one per line of `text`; a backslash at a line's end would take in the next one."""
    return [f"# {line.rstrip().rstrip(chr(92))}".rstrip() for line in text.splitlines()]


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if code == 0:
        raise ValueError("a NUL character cannot be in an environment variable")
    if 0xD800 <= code < 0xE000:
        raise ValueError("it is not text that UTF-8 can hold")
    if code > 0xFFFF and code & 0xFFFE == 0xFFFE:
        raise ValueError("systemd refuses a character of it that Unicode keeps out of texts")
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0x20 <= code < 0x7F:
        return character
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("a name may have letters, digits and `_`, and starts with no digit")
    return name
