"""YAML with comments that explain, written so that a YAML 1.1 and a YAML 1.2 reader agree on every scalar.

PyYAML's writer cannot place comments, and its choice of quotes differs between versions; this one emits only
what wiring needs: mappings, lists, text, whole numbers, booleans and literal blocks, each in one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, Union

INDENT = "  "
# Text that no reader of either version takes for anything but text: no leading digit, sign or indicator, no
# colon before a space or at the end, nothing that starts a comment.
_PLAIN = re.compile(r"(?=[A-Za-z_/])[\w./@()-]+(:+[\w./@()-]+)*( [\w./@()-]+(:+[\w./@()-]+)*)*", re.ASCII)
# Words that YAML 1.1 reads as booleans or null. Source: yaml.org, "YAML 1.1 type repository", bool and null.
_RESERVED = frozenset({"y", "yes", "n", "no", "true", "false", "on", "off", "null"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class Verbatim(str):
    """Text that a target wrote itself and that must stand unquoted, as `on` or `${{ github.run_id }}`."""


@dataclass(frozen=True)
class Noted:
    """A node with comment lines above it."""

    note: str
    node: Node


@dataclass(frozen=True)
class Block:
    """Text of several lines, kept as it is: a script. Printable text, first line not indented."""

    text: str


@dataclass(frozen=True)
class Folded:
    """Text of one line, written over several, which a reader joins by a space each. Printable, no line empty
    or indented."""

    lines: tuple[str, ...]


Node: TypeAlias = Union[str, int, bool, "dict[str, Node]", "list[Node]", Noted, Block, Folded]


def render(document: dict[str, Node]) -> str:
    """A mapping as YAML text that ends in a line break; the order is the mapping's own.

    Raises:
        ValueError: text that YAML cannot hold (a lone surrogate, or a block with control characters).
    """
    return "".join(f"{line}\n" for line in _mapping(document, ""))


def comment(text: str, indent: str = "") -> Iterator[str]:
    """Comment lines, one per line of `text`."""
    return (f"{indent}# {line}".rstrip() for line in text.splitlines())


def scalar(value: str | int) -> str:
    """One scalar on one line: plain where no reader can mistake it, in double quotes otherwise."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Verbatim):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0x20 <= code < 0x7F:
        return character
    if 0xD800 <= code < 0xE000:
        raise ValueError("a lone surrogate is no character: YAML cannot hold it")
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _mapping(mapping: dict[str, Node], indent: str) -> Iterator[str]:
    for key, node in mapping.items():
        if isinstance(node, Noted):
            yield from comment(node.note, indent)
            node = node.node
        yield from _entry(f"{indent}{scalar(key)}:", node, indent)


def _entry(start: str, node: Node, indent: str) -> Iterator[str]:
    if isinstance(node, Block):
        yield f"{start} |"
        yield from (f"{indent}{INDENT}{line}" if line else "" for line in _block_lines(node))
    elif isinstance(node, Folded):
        yield f"{start} >-"
        yield from (f"{indent}{INDENT}{line}" for line in _folded_lines(node))
    elif isinstance(node, dict):
        yield start if node else f"{start} {{}}"
        yield from _mapping(node, indent + INDENT)
    elif isinstance(node, list):
        yield start if node else f"{start} []"
        yield from _sequence(node, indent + INDENT)
    elif isinstance(node, str | int):
        yield f"{start} {scalar(node)}"
    else:
        raise TypeError("a note stands above an entry, not inside another note")


def _sequence(items: list[Node], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Noted):
            yield from comment(item.note, indent)
            item = item.node
        if isinstance(item, dict) and item:
            # The first entry stands on the dash's own line, the others below it.
            lines = list(_mapping(item, indent + INDENT))
            if lines[0].lstrip().startswith("#"):
                raise TypeError("a note on the first entry of a list's mapping belongs on the item")
            yield f"{indent}- {lines[0].strip()}"
            yield from lines[1:]
        else:
            yield from _entry(f"{indent}-", item, indent)


def _block_lines(block: Block) -> list[str]:
    lines = block.text.rstrip("\n").split("\n")
    if not lines[0].strip() or lines[0] != lines[0].lstrip():
        raise ValueError("a block's first line sets the indentation: it cannot be empty or indented")
    if any(not line.isprintable() or line != line.rstrip() for line in lines):
        raise ValueError("a block holds printable lines without spaces at their end")
    return lines


def _folded_lines(folded: Folded) -> tuple[str, ...]:
    if not folded.lines or any(not line or line != line.strip() for line in folded.lines):
        raise ValueError("a folded text is of lines without spaces at either end")
    if not all(line.isprintable() for line in folded.lines):
        raise ValueError("a folded text holds printable lines")
    return folded.lines
