"""`keyplan audit evidence`: the same for the same input, and refused where it cannot be written."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyplan.audit.evidence.bundle import Member, sums_line, write_bundle
from keyplan.cli import run
from tests.audit.accounts import ANN
from tests.audit.bundles import GATED, MADE, evidence, members, verified

Write = Callable[..., int]


def test_a_bundle_has_the_snapshot_as_it_is_and_what_it_says(folder: Path, capsys: Any) -> None:
    assert evidence() == 0
    out, err = capsys.readouterr()
    found = members()
    assert list(found) == ["snapshot.json", *MADE]
    assert found["snapshot.json"] == (folder / "accounts.json").read_bytes()
    result = json.loads(found["result.json"])
    assert {pair["principal"] for pair in result["pairs"]} >= {ANN}
    assert json.loads(found["about.json"])["asOf"] == "2026-11-21T12:00:00Z"
    assert out == f"{hashlib.sha256((folder / 'audit.zip').read_bytes()).hexdigest()}  audit.zip\n"
    assert err.startswith(f"wrote {folder / 'audit.zip'} (mode 0600): snapshot.json, result.json, ")
    assert stat.S_IMODE((folder / "audit.zip").stat().st_mode) == 0o600


def test_its_answers_are_those_of_the_questions(folder: Path, capsys: Any) -> None:
    assert evidence(*GATED) == 0
    found = members()
    assert list(found) == [
        "snapshot.json",
        "manifest.json",
        "baseline.json",
        MADE[0],
        "findings.json",
        *MADE[1:],
    ]
    assert found["baseline.json"] == (folder / "accepted.json").read_bytes()
    capsys.readouterr()
    for verb, name in (("matrix", "result.json"), ("changers", "changers.json")):
        assert run(["audit", verb, "--snapshot", "accounts.json", "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(found[name])
    run(["audit", "gate", "--snapshot", "accounts.json", *GATED, "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    assert json.loads(found["findings.json"]) == told
    assert told["accepted"][0]["principal"] == ANN
    assert found["report.html"].startswith(b"<!doctype html>")


def test_every_hash_is_one_that_sha256sum_takes(folder: Path) -> None:
    assert evidence(*GATED) == 0
    found = members()
    sums = found.pop("SHA256SUMS").decode()
    assert sums == "".join(f"{hashlib.sha256(each).hexdigest()}  {name}\n" for name, each in found.items())


def test_the_readme_names_every_file_and_what_could_not_be_read(folder: Path) -> None:
    accounts = json.loads((folder / "accounts.json").read_text())
    del accounts["kms_keys"]
    (folder / "accounts.json").write_text(json.dumps(accounts))
    assert evidence(*GATED) == 0
    found = members()
    readme = found["README.txt"].decode()
    assert all(f"  {name} " in readme for name in found)
    assert "1 thing in it could not be read; what depends on that is `unknown`, never `deny`." in readme
    assert max(map(len, readme.splitlines())) <= 120


def test_the_same_input_gives_the_same_bundle(folder: Path) -> None:
    assert evidence(*GATED) == 0
    assert evidence(*GATED, out="again.zip") == 0
    assert (folder / "audit.zip").read_bytes() == (folder / "again.zip").read_bytes()
    with zipfile.ZipFile("audit.zip") as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@settings(max_examples=25)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}\.json", fullmatch=True), st.lists(st.binary(max_size=50))))
def test_any_members_are_written_as_they_are(files: Mapping[str, list[bytes]]) -> None:
    target = io.BytesIO()
    written = write_bundle([Member(name, pieces) for name, pieces in files.items()], target.write)  # type: ignore[arg-type]
    content = target.getvalue()
    assert (written.sha256, written.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in files} == {n: b"".join(p) for n, p in files.items()}


def test_a_name_that_sha256sum_would_misread_is_quoted() -> None:
    assert sums_line("ab", "a\\b\nc") == "\\ab  a\\\\b\\nc\n"


WRONG = {
    "nothing to keep": ([], "what to keep is missing"),
    "nowhere to write": (["--snapshot", "accounts.json"], "where to write the bundle is missing"),
    "checking and writing": (["--verify", "audit.zip", "--out", "x.zip"], "--verify takes the bundle alone"),
    "a baseline of nothing": (
        ["--snapshot", "accounts.json", "--out", "x.zip", "--baseline", "accepted.json"],
        "--baseline accepts what differs from a catalogue: add --manifest or --stack",
    ),
    "no snapshot": (
        ["--snapshot", "none.json", "--out", "x.zip"],
        "the snapshot cannot be read: no such file or directory",
    ),
    "no snapshot in it": (
        ["--snapshot", "manifest.json", "--out", "x.zip"],
        "this is not a snapshot of a format",
    ),
    "no bundle": (["--verify", "none.zip"], "the bundle cannot be read: no such file or directory"),
    "a folder": (["--snapshot", "accounts.json", "--out", "."], "--out names a folder"),
    "a device": (["--snapshot", "accounts.json", "--out", "/dev/full"], "/dev/full is not a regular file"),
    "a folder that is not there": (
        ["--snapshot", "accounts.json", "--out", "no/x.zip"],
        "there is no folder ",
    ),
}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_refused_and_writes_nothing(
    folder: Path, capsys: Any, words: list[str], message: str
) -> None:
    before = sorted(os.listdir(folder))
    assert run(["audit", "evidence", *words]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert sorted(os.listdir(folder)) == before


def test_a_file_that_is_there_is_replaced_only_when_asked(folder: Path, capsys: Any) -> None:
    (folder / "audit.zip").write_text("of last year")
    assert evidence() == 2
    assert "audit.zip is there: it is not replaced\nhint: choose another name, or add --force\n" in (
        capsys.readouterr().err
    )
    assert (folder / "audit.zip").read_text() == "of last year"
    assert evidence("--force") == 0
    assert verified() == 0


@pytest.mark.parametrize("named", [False, True], ids=["unnamed", "named"])
def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_beside_it(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    (folder / "audit.zip").write_text("of last year")
    before = sorted(os.listdir(folder))
    if named:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    real, left = os.write, [2_000]

    def write(descriptor: int, data: Any) -> int:
        left[0] -= len(data)
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    code = evidence("--force")
    monkeypatch.undo()
    assert code == 2
    assert (
        f"error: {folder / 'audit.zip'} cannot be written: no space left on device\n"
        == capsys.readouterr().err
    )
    assert (folder / "audit.zip").read_text() == "of last year"
    assert sorted(os.listdir(folder)) == before


def test_a_snapshot_may_come_from_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (folder / "accounts.json").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert run(["audit", "evidence", "--snapshot", "-", "--out", "audit.zip"]) == 0
    assert members()["snapshot.json"] == content
