"""`keyplan audit evidence --verify`: anybody can check a bundle, and no damaged one passes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.audit.evidence.bundle import Member, sums_line, write_bundle
from tests.audit.accounts import snapshot, user
from tests.audit.bundles import GATED, evidence, members, verified


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
