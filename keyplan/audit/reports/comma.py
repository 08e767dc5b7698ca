"""Answers as CSV, for spreadsheets and programs: RFC 4180, a fixed heading, safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula gets an apostrophe in front: AWS lets names begin with `=`,
`+`, `-` and `@`, so that whoever may name a role could have something run on an auditor's machine. No ARN and
no verdict begins like that.
Source: RFC 4180, sections 2.1 to 2.7; OWASP, "CSV Injection" (checked 2026-11-22).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from keyplan.audit.questions import Reader
from keyplan.audit.reports.names import sound

READER_COLUMNS = ("verdict", "principal", "secret", "path", "why")
STEP = " > "  # between the principals of a path; no ARN has a space
# The last four are the first four in full width, which spreadsheets of Asian locales take for the same.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A heading and a record a row, each with its end of line (CRLF), as they come: nothing is collected.

    Args:
        columns: the heading's names.
        rows: as many cells each as there are columns.
    """
    kept = _Kept()
    writer = csv.writer(kept, lineterminator="\r\n")
    writer.writerow(columns)
    yield kept.text
    for row in rows:
        writer.writerow([cell(text) for text in row])
        yield kept.text


def readers(found: Iterable[Reader]) -> Iterator[str]:
    """A record a reader."""
    return lines(READER_COLUMNS, map(_reader, found))


def cell(text: str) -> str:
    """The text as no spreadsheet runs it: an apostrophe before what would begin a formula."""
    plain = sound(text)
    return f"'{plain}" if plain.lstrip(" ").startswith(FORMULA_STARTS) else plain


def _reader(reader: Reader) -> tuple[str, ...]:
    path = STEP.join(reader.path)
    return (reader.verdict.word, reader.principal, reader.secret, path, reader.why)


class _Kept:
    """Keeps what csv writes, a record at a time."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text
