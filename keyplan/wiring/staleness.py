"""Whether a committed file is still the wiring that keyplan would write, and in which lines it is not.

Pure: bytes in, lines out. A line that stands in the file alone may hold a value that somebody pasted there,
and the difference is printed into the log of a CI job: what could be one is not shown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from keyplan.checks.pasted import is_key_like
from keyplan.errors import UsageError

LINES_MAX = 5_000  # beyond, a file is no wiring that was edited: only words are said, no lines compared
CONTEXT_LINES = 3
NOT_SHOWN = "(not shown)"
_WORD = re.compile(r"(?:@[0-9a-f]{40}|sha256:[0-9a-f]{64})\b|[\w+/=.~-]+", re.ASCII)
_PUBLIC = ("@", "sha256:")  # a commit of an action, the digest of an image
# What a generator made: this many letters and digits without a break, of both kinds. A name, an account's
# number, the parts of a UUID and of an ARN are none.
_RUN = re.compile(r"[A-Za-z0-9+]{16,}")
_VALUE_FIELD = re.compile(r"""(["']?value["']?\s*[:=]\s*)\S.*""")
_NO_NEWLINE = "\\ No newline at end of file"


@dataclass(frozen=True)
class Stale:
    """How a file differs: what to say of it, and the lines of a unified difference (none for line ends)."""

    words: str
    lines: tuple[str, ...]
    holds_key: bool  # something in the format of a credential stands in it
    has_crlf: bool  # and in nothing else it differs, where `lines` is empty


def compare(content: bytes, expected: str, name: str, command: str, secret: Collection[str]) -> Stale | None:
    """The difference from a file to what keyplan would write; None where there is none.

    Args:
        content: what the file holds.
        expected: what keyplan would write.
        name: the file, for the difference's heading.
        command: what writes `expected`, likewise.
        secret: the variables whose values are keys.

    Raises:
        UsageError: the file is not UTF-8 text.
    """
    if content == expected.encode():
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name}, line {line}: it is not UTF-8 text, so it is no wiring") from None
    holds_key, has_crlf = is_key_like(text), "\r\n" in text
    text = text.replace("\r\n", "\n")
    if text == expected:
        return Stale("its lines end in CRLF; nothing else differs", (), holds_key, has_crlf)
    before, after = _lines(text), _lines(expected)
    words = "it is not what keyplan writes now"
    if len(before) > LINES_MAX:
        return Stale(f"{words}: it has {len(before)} lines in place of {len(after)}", (), holds_key, False)
    lines = [f"--- {name}", f"+++ {command}", *_hunks(before, after, _hider(before, expected, secret))]
    crlf = " (and its lines end in CRLF)" if has_crlf else ""
    return Stale(f"{words}{crlf}", tuple(lines), holds_key, has_crlf)


def _lines(text: str) -> list[str]:
    """Each with its line break, where it has one; no other character ends a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _hunks(before: list[str], after: list[str], shown: Callable[[int], str]) -> Iterator[str]:
    matcher = difflib.SequenceMatcher(None, before, after)
    for group in matcher.get_grouped_opcodes(CONTEXT_LINES):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for kind, start, end, new_start, new_end in group:
            if kind == "equal":
                for line in before[start:end]:
                    yield from _line(" ", line)
                continue
            for number in range(start, end):
                yield from _line("-", shown(number))
            for line in after[new_start:new_end]:
                yield from _line("+", line)


def _range(start: int, end: int) -> str:
    """As `diff -u` has it: a range of no lines names the line before it."""
    count = end - start
    return f"{start + 1 if count else start},{count}"


def _line(sign: str, line: str) -> Iterator[str]:
    yield f"{sign}{line.removesuffix(chr(10))}"
    if not line.endswith("\n"):
        yield _NO_NEWLINE


def _hider(before: list[str], expected: str, secret: Collection[str]) -> Callable[[int], str]:
    """What of a line may be shown: nothing that could be a value, and nothing that moves a terminal."""
    names = "|".join(re.escape(variable) for variable in sorted(secret, key=len, reverse=True)) or "(?!)"
    assigned = re.compile(rf"""(\b(?:{names})["']?\s*[:=]\s*)\S.*""")
    named = re.compile(rf"\b(?:{names})\b")

    def shown(number: int) -> str:
        line = before[number]
        end = "\n" if line.endswith("\n") else ""
        text = line.removesuffix("\n")
        if is_key_like(text):
            return f"{NOT_SHOWN}{end}"
        text = assigned.sub(rf"\1{NOT_SHOWN}", text)
        # A name on one line and its value on the next, as in a task definition or a container's variables.
        if number and named.search(before[number - 1]):
            text = _VALUE_FIELD.sub(rf"\1{NOT_SHOWN}", text)
        text = _WORD.sub(lambda word: NOT_SHOWN if _is_random(word[0], expected) else word[0], text)
        return "".join(map(_visible, text)) + end

    return shown


def _is_random(word: str, expected: str) -> bool:
    if word.startswith(_PUBLIC) or word in expected:
        return False
    return any(any(map(str.isdigit, run)) and any(map(str.isalpha, run)) for run in _RUN.findall(word))


def _visible(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    return character.encode("unicode_escape").decode("ascii")
