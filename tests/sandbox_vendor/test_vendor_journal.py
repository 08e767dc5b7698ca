"""What the vendor remembers on a disk: everything but values, whole lines, and never half a change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.vendor_server import Kind, VendorWorld, serve
from sandbox.vendor_server.journal import JournalError, JournalFile
from tests.sandbox_vendor.asking import ask


def _open(path: Path) -> VendorWorld:
    return JournalFile(path).world()[0]


def test_a_new_world_knows_everything_again(tmp_path: Path) -> None:
    path = tmp_path / "vendor.jsonl"
    before = _open(path)
    live = before.create_key("live", workspace="wrkspc_01Own", expires_in_seconds=7200)
    ended = before.create_key("ended")
    before.change(ended.key.id, status="inactive", name="renamed")
    before.use(live.key, tokens=7)
    before.age(3600)
    before.create_key("later", kind=Kind.ADMIN)
    after = _open(path)
    assert after.entries() == before.entries()
    assert after.known(live.value) == before.key(live.key.id)
    with serve(after) as server:
        assert ask(server.url, "/v1/models", live.value).status == 200
        assert ask(server.url, "/v1/models", ended.value).status == 401


def test_no_value_is_ever_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "vendor.jsonl"
    world = _open(path)
    values = [world.create_key(kind.value, kind=kind).value for kind in Kind]
    text = path.read_text()
    assert all(value not in text and value[20:60] not in text for value in values)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_off_is_left_out_and_the_next_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "vendor.jsonl"
    world = _open(path)
    world.create_key("whole")
    world.create_key("cut")
    path.write_bytes(path.read_bytes()[:-30])
    again, useless = JournalFile(path).world()
    assert (useless, [key.name for key in again.keys()]) == (1, ["whole"])  # noqa: SIM118
    again.create_key("next")
    assert {key.name for key in _open(path).keys()} == {"whole", "next"}  # noqa: SIM118


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", "{}", '{"key": {}}', '{"use": 5}', '{"aged": "long"}', "null"]
)
def test_a_line_that_is_no_use_is_counted(tmp_path: Path, line: str) -> None:
    path = tmp_path / "vendor.jsonl"
    path.write_text(f"{line}\n")
    world, useless = JournalFile(path).world()
    assert (useless, world.entries()) == (1, [])


def test_on_a_full_disk_nothing_changes_and_the_words_say_so(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    world = VendorWorld(journal=JournalFile(full).append)
    with pytest.raises(JournalError, match="No space left"):
        world.create_key("x")
    assert world.entries() == []


def test_a_change_that_cannot_be_kept_does_not_happen() -> None:
    def full(entry: dict[str, Any]) -> None:
        raise JournalError("full")

    kept = VendorWorld()
    key = kept.create_key("x", expires_in_seconds=60).key
    world = VendorWorld(journal=full)
    world.recall(kept.entries()[0])
    for change in (
        lambda: world.change(key.id, status="inactive"),
        lambda: world.age(100),
        lambda: world.use(key),
        lambda: world.create_key("y"),
    ):
        with pytest.raises(JournalError):
            change()
    assert world.entries() == kept.entries()


def test_how_it_came_about_is_forgotten_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "vendor.jsonl"
    world = _open(path)
    key = world.create_key("x").key
    for _ in range(50):
        world.use(key)
        world.change(key.id, status="inactive")
        world.change(key.id, status="active")
    assert len(path.read_text().splitlines()) == 151
    again = _open(path)
    assert len(path.read_text().splitlines()) == len(again.entries()) < 5
    assert again.entries() == world.entries()
    again.change(key.id, status="inactive")
    assert json.loads(path.read_text().splitlines()[-1])["key"]["status"] == "inactive"
    assert [file.name for file in tmp_path.iterdir()] == ["vendor.jsonl"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.sampled_from(list(Kind)), st.none() | st.integers(1, 10**6)),
        st.tuples(st.just("status"), st.integers(0, 5), st.sampled_from(["active", "inactive", "archived"])),
        st.tuples(st.just("use"), st.integers(0, 5), st.integers(1, 1000)),
        st.tuples(st.just("age"), st.integers(1, 10**6), st.none()),
    ),
    max_size=20,
)


@given(steps=STEPS)
def test_whatever_happened_is_known_again(
    steps: list[tuple[str, Any, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "vendor.jsonl"
    world = _open(path)
    for what, one, two in steps:
        keys = sorted((key for key in world.keys()), key=lambda key: key.id)  # noqa: SIM118
        if what == "create":
            world.create_key("x", kind=one, expires_in_seconds=two)
        elif what == "age":
            world.age(one)
        elif keys:
            key = keys[one % len(keys)]
            if what == "use":
                world.use(key, tokens=two)
            elif key.status_at(world.now()) in ("active", "inactive"):
                world.change(key.id, status=two)
    for _ in range(2):  # once from what happened, once from what was written anew
        again = _open(path)
        assert sorted(map(str, again.entries())) == sorted(map(str, world.entries()))
