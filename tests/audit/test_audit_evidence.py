"""`keyplan audit evidence`: the same for the same input, without values, and to be checked by anybody."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyplan.audit.evidence.bundle import Member, sums_line, write_bundle
from keyplan.audit.evidence.values import value_places
from keyplan.cli import run
from tests.audit.accounts import ACCOUNT, SECRET, allow, document, role, secret, snapshot, user
from tests.audit.gated import EXACT, manifest

ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
CANARY = "sk-ant-api03-" + "cAnArY0" * 13  # in the format of a key, and none
MADE = ["result.json", "changers.json", "report.html", "about.json", "README.txt", "SHA256SUMS"]
Write = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A snapshot with a stranger, who is accepted in a baseline, and a manifest."""
    accounts = snapshot(role("reader", EXACT), user("ann", document(allow())))
    accepted = {"code": "administrator", "principal": ANN, "secret": SECRET}
    accepted |= {"code": "unlisted-reader", "reason": "on call", "expires": "2027-01-31"}
    (tmp_path / "accounts.json").write_text(json.dumps(accounts, indent=1))
    (tmp_path / "manifest.json").write_text(json.dumps(manifest().to_json()))
    (tmp_path / "accepted.json").write_text(json.dumps([accepted]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evidence(*words: str, out: str = "audit.zip") -> int:
    return run(["audit", "evidence", "--snapshot", "accounts.json", "--out", out, *words])


GATED = ("--manifest", "manifest.json", "--baseline", "accepted.json")


def members(file: str = "audit.zip") -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


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


# ---- checking -------------------------------------------------------------------------------------------


def verified(file: str = "audit.zip") -> int:
    return run(["audit", "evidence", "--verify", file])


def repacked(change: Callable[[dict[str, bytes]], None], *, sums: bool) -> None:
    """The bundle with members changed; with `sums` by somebody who writes fitting hashes, too."""
    found = members()
    change(found)
    if sums:
        del found["SHA256SUMS"]
        lines = (sums_line(hashlib.sha256(each).hexdigest(), name) for name, each in found.items())
        found["SHA256SUMS"] = "".join(lines).encode()
    with zipfile.ZipFile("audit.zip", "w") as archive:
        for name, content in found.items():
            archive.writestr(name, content)


def test_a_bundle_as_it_was_written_is_whole(folder: Path, capsys: Any) -> None:
    assert evidence(*GATED) == 0
    capsys.readouterr()
    assert verified() == 0
    out, err = capsys.readouterr()
    assert "snapshot.json: whole\n" in out
    assert "result.json: the same when computed again\n" in out
    assert err.startswith("the bundle is whole, and its answers are what keyplan ")


def test_packing_it_anew_changes_nothing_of_what_it_says(folder: Path) -> None:
    assert evidence(*GATED) == 0
    repacked(lambda found: None, sums=False)
    assert verified() == 0


def _without_pairs(found: dict[str, bytes]) -> None:
    found["result.json"] = re.sub(rb'"pairs": \[.*?\],', b'"pairs": [],', found["result.json"], flags=re.S)


CHANGES: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "an answer": (_without_pairs, "result.json: was changed"),
    "a missing file": (lambda found: found.pop("changers.json"), "changers.json: is missing"),
    "a file more": (lambda found: found.update(extra=b""), "extra: stands in the bundle and not in"),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
def test_what_was_changed_is_found(
    folder: Path, capsys: Any, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    assert evidence(*GATED) == 0
    repacked(change, sums=False)
    capsys.readouterr()
    assert verified() == 1
    out, err = capsys.readouterr()
    assert said in out
    assert err == "the bundle is not as it was written: its answers were not computed again\n"


FORGERIES: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "an answer": (_without_pairs, "result.json: differs from what the snapshot gives"),
    "a page": (lambda found: found.update({"report.html": b"all is well"}), "report.html: differs"),
    "an answer left out": (
        lambda found: found.pop("findings.json"),
        "findings.json: belongs to these inputs",
    ),
}


@pytest.mark.parametrize(("change", "said"), FORGERIES.values(), ids=FORGERIES)
def test_answers_that_the_snapshot_does_not_give_are_found_though_the_hashes_fit(
    folder: Path, capsys: Any, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    assert evidence(*GATED) == 0
    repacked(change, sums=True)
    capsys.readouterr()
    assert verified() == 1
    assert said in capsys.readouterr().out


def test_a_bundle_of_another_version_is_held_to_its_answers_alone(folder: Path, capsys: Any) -> None:
    assert evidence() == 0
    older = {"about.json": b'{"keyplan": "0.0.1"}', "README.txt": b"older words"}
    repacked(lambda found: found.update(older), sums=True)
    capsys.readouterr()
    assert verified() == 0
    assert "another keyplan wrote the bundle" in capsys.readouterr().err
    repacked(_without_pairs, sums=True)
    assert verified() == 1


def _zip(*names: str, **contents: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, contents.get(name, b""))
    return target.getvalue()


NO_BUNDLES = {
    "empty": (b"", "this is not an evidence bundle: it is no zip file, or it was cut off"),
    "another file": (b"{}", "this is not an evidence bundle: it is no zip file, or it was cut off"),
    "another zip file": (_zip("a"), "this is not an evidence bundle: a zip file with SHA256SUMS and"),
    "no hashes in it": (
        _zip("SHA256SUMS", "snapshot.json", SHA256SUMS=b"x"),
        "the bundle's SHA256SUMS is not a list of hashes and names",
    ),
    "too many members": (_zip(*map(str, range(101))), "this is not an evidence bundle"),
}


@pytest.mark.parametrize(("content", "message"), NO_BUNDLES.values(), ids=NO_BUNDLES)
def test_what_is_no_bundle_is_refused(folder: Path, capsys: Any, content: bytes, message: str) -> None:
    (folder / "audit.zip").write_bytes(content)
    assert verified() == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_two_members_of_one_name_are_refused(folder: Path, capsys: Any) -> None:
    assert evidence() == 0
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile("audit.zip", "a") as archive:
        archive.writestr("result.json", b"{}")
    capsys.readouterr()
    assert verified() == 2
    assert "two members of one name" in capsys.readouterr().err


@given(st.data())
def test_a_damaged_bundle_is_never_whole_and_never_a_crash(data: Any) -> None:
    if not _DAMAGED:
        target = io.BytesIO()
        whole = json.dumps(snapshot(user("ann"))).encode()
        write_bundle([Member("snapshot.json", [whole])], target.write)  # type: ignore[arg-type]
        _DAMAGED.append(target.getvalue())
    content = bytearray(_DAMAGED[0])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del content[place + 1 :]
    from keyplan.audit.evidence import verifying
    from keyplan.errors import UsageError

    try:
        bundle = verifying.opened(lambda: zipfile.ZipFile(io.BytesIO(content)))
        found = list(bundle.hashes())
    except UsageError:
        return
    if not any(
        each.wrong for each in found
    ):  # a date or a mode in a header, say: the members are as they were
        assert bundle.inputs().snapshot == json.dumps(snapshot(user("ann"))).encode()


_DAMAGED: list[bytes] = []


# ---- no values ------------------------------------------------------------------------------------------


def _with_value(place: str) -> dict[str, Any]:
    """A snapshot with something like a value."""
    quoted = json.dumps(document(allow(Sid=CANARY)))
    made: dict[str, Callable[[], dict[str, Any]]] = {
        "secrets[0].SecretString": lambda: snapshot(secrets=[{**secret(), "SecretString": "hunter2"}]),
        "secrets[0].SecretBinary": lambda: snapshot(secrets=[{**secret(), "SecretBinary": "aHVudGVyMg=="}]),
        "secrets[0].Tags[0].Value": lambda: snapshot(secrets=[secret(Tags=[{"Key": "k", "Value": CANARY}])]),
        "secrets[0].ResourcePolicy": lambda: snapshot(secrets=[{**secret(), "ResourcePolicy": quoted}]),
        "context.note": lambda: snapshot(context={"note": quote(f"-----BEGIN PRIVATE KEY-----{CANARY}")}),
        "context.(a field)": lambda: snapshot(context={CANARY[:48]: "x"}),
        "context.reply": lambda: snapshot(context={"reply": json.dumps({"SecretString": "hunter2"})}),
    }
    return made[place]()


PLACES = [
    "secrets[0].SecretString",
    "secrets[0].SecretBinary",
    "secrets[0].Tags[0].Value",
    "secrets[0].ResourcePolicy",
    "context.note",
    "context.(a field)",
    "context.reply",
]


@pytest.mark.parametrize("place", PLACES)
def test_something_like_a_value_is_refused_with_its_place_and_never_shown(
    folder: Path, capsys: Any, place: str
) -> None:
    (folder / "accounts.json").write_text(json.dumps(_with_value(place)))
    assert evidence("--verbose") == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"error: the snapshot holds something like a value at {place}: no bundle has one\n")
    assert CANARY[:20] not in out + err
    assert "hunter2" not in out + err
    assert not (folder / "audit.zip").exists()


def test_a_value_in_a_baseline_or_behind_a_name_that_stands_twice_is_refused(
    folder: Path, capsys: Any
) -> None:
    (folder / "accepted.json").write_text((folder / "accepted.json").read_text().replace("on call", CANARY))
    assert evidence(*GATED) == 2
    assert "the baseline holds something like a value at [0].reason" in capsys.readouterr().err
    whole = (folder / "accounts.json").read_text()
    twice = whole.replace('"region":', f'"region": "{CANARY}",\n "region":')
    (folder / "accounts.json").write_text(twice)
    assert evidence() == 2
    assert "at line 5: no bundle has one" in capsys.readouterr().err


HARMLESS = [
    "arn:aws:iam::111122223333:role/task-" + "0aB" * 15,
    "arn:aws:iam::111122223333:role/ecs-task-production-worker-with-a-long-name-01234567",
    "arn:aws:iam::111122223333:role/global-infrastructure-deployment-role-2024",
    "sk-ant-rotation-lambda-role-for-production",
    "AROAEXAMPLEEXAMPLEID",
    "sk-or-v1-[0-9a-f]{64}",
    "prod/anthropic-api-key-AbCdEf",
    "secretsmanager:GetSecretValue SecretString",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_names_that_accounts_have_are_no_values(text: str) -> None:
    assert value_places(json.dumps([text]), [text]) == []


def test_an_empty_field_is_no_value() -> None:
    assert value_places('{"SecretString": ""}', {"SecretString": ""}) == []


# ---- wrong use, and files that refuse -------------------------------------------------------------------

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
