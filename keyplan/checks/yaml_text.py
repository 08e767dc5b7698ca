"""A YAML file as values with line numbers; what two readers of YAML would read differently is a mistake.

Pulumi reads these files with another library and another version of YAML than Python does: `on`, `0123`,
`12:30` and a bare date mean different things to the two. Such scalars are reported instead of guessed. Only
what a configuration needs is read: mappings with text as names, lists, text, whole and decimal numbers,
booleans, anchors and merges; no tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from keyplan.checks.pasted import is_key_like, show
from keyplan.checks.problems import ALREADY_REPORTED, Location, Path, Problems

NODES_MAX = 1_000_000  # anchors can multiply a small file; a catalogue of 10,000 keys stays below
DEPTH_MAX = 32
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_READ_DIFFERENTLY = re.compile(
    r"yes|no|on|off|y|n"
    r"|[-+]?[0-9][0-9_]*"  # leading zeros, underscores, a plus, too long
    r"|0[xob][0-9A-Fa-f_]+"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:e[-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|nan)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t ].*)?"
    r"|true|false|null",
    re.IGNORECASE,
)
_STRING_TAG, _PLAIN_TAGS = "tag:yaml.org,2002:str", ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")


@dataclass
class Document:
    """A file's values, and the line of each."""

    file: str
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def locate(self, path: Path) -> Location | None:
        """Where `path` stands, if it is in this file."""
        line = self.lines.get(path)
        return None if line is None else Location(self.file, line)


def read_document(
    file: FilePath, problems: Problems, shorten: Callable[[Path], Path] = lambda path: path
) -> Document | None:
    """The file's values. Mistakes go to `problems`; None when there is nothing to go on with.

    `shorten` turns a path in the file into the one by which its mistakes are reported.
    """
    document = Document(file.name)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.add(
            (), "bytes that are not UTF-8", "a text file in UTF-8", location=Location(file.name, line)
        )
        return None
    except OSError as error:
        reason = type(error).__name__
        problems.add((), f"a file that cannot be read ({reason})", "a file", location=Location(file.name))
        return None
    node = _compose(text, file.name, problems)
    if node is not None:
        _Builder(document, problems, shorten).build(node)
    return document if node is not None or not problems else None


def _compose(text: str, name: str, problems: Problems) -> Any:
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return yaml.compose(text, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
        # The parser's words may quote the file: they are shown like any other value.
        words = "" if is_key_like(error.problem or "") else f" ({error.problem})"
        problems.add((), f"text that is not YAML{words}", "valid YAML", location=place)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.add(
            (), "a control character", "text without control characters", location=Location(name, line)
        )
    except RecursionError:
        problems.add((), "a value nested too deeply", f"at most {DEPTH_MAX} levels", location=Location(name))
    return None


class _Builder:
    """Turns composed nodes into values; remembers lines, follows anchors without going in circles."""

    def __init__(self, document: Document, problems: Problems, shorten: Callable[[Path], Path]) -> None:
        self._document = document
        self._shorten = shorten
        self._problems = problems
        self._open: list[Any] = []
        self._count = 0

    def build(self, node: Any) -> None:
        self._document.value = self._value(node, ())

    def _reject(self, node: Any, path: Path, found: str, allowed: str, suggestion: str | None = None) -> Any:
        place = Location(self._document.file, node.start_mark.line + 1)
        self._problems.add(self._shorten(path), found, allowed, suggestion, place)
        return ALREADY_REPORTED

    def _value(self, node: Any, path: Path) -> Any:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        self._count += 1
        if self._count > NODES_MAX or len(self._open) > DEPTH_MAX or any(node is each for each in self._open):
            return self._reject(
                node, path, "a value nested too deeply or without end", f"at most {DEPTH_MAX} levels"
            )
        if node.tag not in (_STRING_TAG, *_PLAIN_TAGS):
            return self._reject(node, path, "a YAML tag", "plain YAML; put text in quotes")
        if isinstance(node.value, str):
            return self._scalar(node, path)
        self._open.append(node)
        try:
            if node.tag == _PLAIN_TAGS[0]:
                return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._open.pop()

    def _scalar(self, node: Any, path: Path) -> Any:
        text: str = node.value
        if node.style:  # quoted, or a block
            return text
        if text.lower() in _WORDS and text in (text.lower(), text.upper(), text.capitalize()):
            return _WORDS[text.lower()]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
        if _READ_DIFFERENTLY.fullmatch(text):
            found = f"{show(text)}, which readers of YAML understand differently"
            return self._reject(node, path, found, "the same in quotes", f'"{text}"')
        return text

    def _mapping(self, node: Any, path: Path) -> Any:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.value == "<<" and not key.style:
                for each in self._merges(value, path):
                    merged = {**each, **merged}
                continue
            name = self._scalar(key, path) if isinstance(key.value, str) else None
            if not isinstance(name, str):
                if name is not ALREADY_REPORTED:
                    self._reject(key, path, f"{show(name)} as a name", "text as a name; put it in quotes")
                continue
            line = key.start_mark.line + 1
            if name in lines:
                found = f"a second entry of this name; the first is on line {lines[name]}"
                self._reject(key, (*path, name), found, "each name once")
                continue
            lines[name] = self._document.lines[(*path, name)] = line
            result[name] = self._value(value, (*path, name))
        if list(result) == ["secure"] and isinstance(result["secure"], str) and path:
            return self._reject(
                node,
                path,
                "an encrypted value",
                "plain configuration: a key's value never enters Pulumi, not even encrypted; "
                "store it with `keyplan put`",
            )
        return {**merged, **result}

    def _merges(self, value: Any, path: Path) -> Iterator[dict[str, Any]]:
        """The mappings that `<<` merges; where they stand counts as the line of what they bring."""
        nodes = value.value if value.tag == _PLAIN_TAGS[0] else [value]
        for node in nodes:
            merged = self._value(node, path)
            if isinstance(merged, dict):
                yield merged
            elif merged is not ALREADY_REPORTED:
                self._reject(node, path, f"{show(merged)} merged with `<<`", "a mapping")
