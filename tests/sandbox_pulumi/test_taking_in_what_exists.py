"""What a killed update left in the state: what is taken in, in which order, and when Pulumi is asked."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.pulumi_cli import recovery
from sandbox.pulumi_cli.recovery import taken_in

Resource = dict[str, Any]
URN = "urn:pulumi:dev::keyplan::"


def resource(name: str, parent: str | None = None, id_: str = "", **more: Any) -> Resource:
    kind = "aws:sns/topic:Topic" if id_ else "keyplan:aws:KeyEntry"
    made: Resource = {"urn": f"{URN}{kind}::{name}", "type": kind, "custom": bool(id_), **more}
    return {**made, **({"id": id_} if id_ else {}), **({"parent": parent} if parent else {})}


@st.composite
def killed(draw: st.DrawFn) -> tuple[list[Resource], list[Resource], dict[str, Resource]]:
    """A tree of resources cut in two: the recorded ones, and those under way, of which some are found."""
    made: list[Resource] = []
    for number in range(draw(st.integers(1, 12))):
        # A child is begun when its parent has ended, and a parent that is no component is recorded by then.
        above = draw(st.sampled_from([None, *(one["urn"] for one in made if not one["custom"])]))
        id_ = draw(st.sampled_from(["", f"id{number}"]))
        needed = (
            draw(st.lists(st.sampled_from([one["urn"] for one in made]), max_size=3)) if made and id_ else []
        )
        of_properties = {"name": needed[:1], "other": None}
        made.append(
            resource(f"r{number}", above, id_, dependencies=needed, propertyDependencies=of_properties)
        )
    cut = draw(st.integers(0, len(made)))
    recorded, pending = made[:cut], made[cut:]
    # An update that was killed twice may name again what is recorded already.
    again = draw(st.lists(st.sampled_from(recorded), unique_by=id)) if recorded else []
    pending = draw(st.permutations([*pending, *again]))
    missing = {one["urn"] for one in made[cut:]}
    found = [
        one
        for one in pending
        if one["custom"] and not missing & set(one["dependencies"]) and draw(st.booleans())
    ]
    return recorded, found, {one["urn"]: one for one in pending}


@given(killed())
def test_what_is_taken_in_stands_after_all_that_it_needs_and_once(
    case: tuple[list[Resource], list[Resource], dict[str, Resource]],
) -> None:
    recorded, found, created = case
    taken = taken_in(recorded, found, created)
    urns = [one["urn"] for one in taken]
    assert len(urns) == len(set(urns))
    assert {one["urn"] for one in (*recorded, *found)} <= set(urns)
    for place, one in enumerate(taken):
        needed = {*one["dependencies"], *filter(None, [one.get("parent")])}
        assert needed <= set(urns[:place])
    assert taken[: len(recorded)] == recorded  # what was recorded stays as it was


def test_components_are_taken_in_only_for_what_belongs_to_them() -> None:
    outer = resource("outer")
    inner = resource("inner", outer["urn"])
    other = resource("other")
    topic = resource("topic", inner["urn"], "arn")
    created = {one["urn"]: one for one in (other, inner, outer, topic)}
    assert taken_in([], [topic], created) == [outer, inner, topic]
    assert taken_in([], [], created) == []


def test_what_was_made_to_replace_another_stands_beside_it_and_the_other_waits_for_its_deletion() -> None:
    old, new = resource("topic", None, "old"), resource("topic", None, "new")
    child = resource("child", None, "child", dependencies=[])
    assert taken_in([old, child], [new], {new["urn"]: new}) == [{**old, "delete": True}, child, new]


def test_what_was_deleted_before_its_replacement_gives_its_place_away() -> None:
    old = resource("topic", None, "name", pendingReplacement=True)
    new, child = resource("topic", None, "name"), resource("child", old["urn"], "child")
    assert taken_in([old, child], [new], {new["urn"]: new}) == [new, child]


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    """As much of a workspace as looking at its files takes."""
    (tmp_path / ".pulumi/stacks/keyplan").mkdir(parents=True)
    return SimpleNamespace(state_directory=tmp_path)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, True, id="no file that is known: Pulumi is asked"),
        pytest.param({"dev.json": {"latest": {"resources": []}}}, False, id="nothing was under way"),
        pytest.param({"dev.json": {"latest": {"pending_operations": [1]}}}, True, id="something was"),
        pytest.param(
            {"dev.json": {}, "dev.json.bak": {"pending_operations": [1]}}, False, id="only in the file before"
        ),
        pytest.param(
            {"dev.json": {}, "dev2.json": {"pending_operations": [1]}}, False, id="only in another stack"
        ),
        pytest.param(
            {"dev.json": {"tags": {"a": 'says "pending_operations"'}}}, False, id="only in somebody's words"
        ),
    ],
)
def test_pulumi_is_asked_only_where_something_may_be_under_way(
    workspace: Any, files: dict[str, Any], expected: bool
) -> None:
    for name, content in files.items():
        (workspace.state_directory / ".pulumi/stacks/keyplan" / name).write_text(json.dumps(content))
    assert recovery._may_be_pending(workspace, "dev") is expected


def dead_process() -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


@pytest.mark.parametrize(
    ("holder", "alive"),
    [
        pytest.param({"pid": 0, "hostname": "another.example"}, True, id="on another machine"),
        pytest.param({}, True, id="that cannot be read"),
        pytest.param({"pid": "dead", "hostname": "here"}, False, id="that is gone"),
        pytest.param({"pid": "ours", "hostname": "here"}, False, id="whose number another program has now"),
    ],
)
def test_a_lock_is_the_dead_ones_only_when_its_process_here_is_gone(
    holder: dict[str, Any], alive: bool
) -> None:
    numbers = {"dead": dead_process, "ours": os.getpid}
    if holder.get("pid") in numbers:
        holder = {**holder, "pid": numbers[holder["pid"]]()}
    if holder.get("hostname") == "here":
        holder = {**holder, "hostname": socket.gethostname()}
    assert recovery._is_alive(holder) is alive
