"""The audit as CSV: any reader of RFC 4180 gets the same cells, and no spreadsheet runs one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.audit.reports.comma import FORMULA_STARTS, READER_COLUMNS, cell, lines
from keyplan.cli import run
from tests.audit.accounts import (
    ANN,
    READER,
    ROOT,
    SECRET,
    allow,
    document,
    role,
    snapshot,
    trusting,
    user,
)


@pytest.fixture
def accounts(tmp_path: Path) -> str:
    """Ann may become the reader, who reads."""
    file = tmp_path / "accounts.json"
    ann = user("ann", document(allow("sts:AssumeRole")))
    file.write_text(
        json.dumps(snapshot(ann, role("reader", document(allow()), trust=trusting({"AWS": ROOT}))))
    )
    return str(file)


QUESTIONS = {
    "readers": ["readers", "prod/anthropic-api-key"],
    "keys": ["keys", "ann"],
    "matrix": ["matrix"],
}


@pytest.mark.parametrize("words", QUESTIONS.values(), ids=QUESTIONS)
def test_every_table_has_one_heading_and_a_record_a_reader(
    accounts: str, capfdbinary: Any, words: list[str]
) -> None:
    assert run(["audit", *words, "--snapshot", accounts, "--format", "csv"]) == 0
    out = capfdbinary.readouterr().out
    assert out.startswith(b"verdict,principal,secret,path,why\r\n")
    assert out.count(b"\r\n") == out.count(b"\n")
    by_name = {row["principal"]: row for row in csv.DictReader(io.StringIO(out.decode(), newline=""))}
    assert by_name.keys() == ({ANN} if words[0] == "keys" else {ANN, READER})
    assert (by_name[ANN]["verdict"], by_name[ANN]["secret"]) == ("allow", SECRET)
    assert by_name[ANN]["path"] == f"{ANN} > {READER}"
    assert by_name[ANN]["why"].startswith(f"read: {READER} p0[0] allows")


def test_nobody_is_a_heading_alone(tmp_path: Path, capfdbinary: Any) -> None:
    file = tmp_path / "nobody.json"
    file.write_text(json.dumps(snapshot()))
    assert run(["audit", "matrix", "--snapshot", str(file), "--format", "csv"]) == 0
    assert capfdbinary.readouterr().out == b"verdict,principal,secret,path,why\r\n"


def _guarded(text: str) -> str:
    plain = "".join("\ufffd" if "\ud800" <= each <= "\udfff" or each == "\0" else each for each in text)
    return f"'{plain}" if plain.lstrip(" ")[:1] in {*FORMULA_STARTS} - {""} and plain.strip(" ") else plain


@given(st.lists(st.lists(st.text(st.characters(), max_size=12), min_size=2, max_size=2), max_size=4))
def test_any_text_is_read_back_as_one_cell(rows: list[list[str]]) -> None:
    text = "".join(lines(("one", "two"), rows))
    assert text.encode()  # whole characters, whatever the snapshot's JSON said
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["one", "two"], *([_guarded(each) for each in row] for row in rows)]


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_what_begins_like_a_formula_is_text_to_a_spreadsheet(start: str) -> None:
    assert cell(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"
    assert cell(f"  {start}cmd") == f"'  {start}cmd"


@pytest.mark.parametrize("text", ["", " ", ANN, SECRET, "allow", "a=b", "read: p0[0] allows", "'quoted"])
def test_what_no_spreadsheet_runs_is_left_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_records_come_one_at_a_time() -> None:
    taken: list[int] = []

    def rows() -> Iterator[tuple[str, ...]]:
        for number in range(1000):
            taken.append(number)
            yield tuple(str(number) for _ in READER_COLUMNS)

    answer = lines(READER_COLUMNS, rows())
    assert [next(answer), next(answer)][1] == "0,0,0,0,0\r\n"
    assert taken == [0]
