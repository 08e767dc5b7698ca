"""The catalogue's keys beside the vendor's list and usage report: what is odd, and that it is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keyplan.age import State, age_of
from keyplan.durations import Duration
from keyplan.overview.rows import Row
from keyplan.overview.usage import Odd, UsageReport, join
from keyplan.stores.base import SecretState, Stage
from keyplan.vendors.organization_pages import Usage, VendorKey
from tests.life.conftest import NOW, Life, manifest_with
from tests.life.states import DAY, HINTS, state, version

C, P = Stage.CURRENT, Stage.PREVIOUS
MANIFEST = manifest_with({"chat-api": {"runtime": "ecs"}})
NAME = "prod-chat-api-key-20260901"


def listed(letter: str, name: str = NAME, **more: Any) -> VendorKey:
    """The vendor's entry of a value that is known by a letter."""
    given = {"status": "active", "workspace": "wrkspc_a", "created": NOW - 60 * DAY, **more}
    return VendorKey(id=f"apikey_{letter}{name}", name=name, hint=HINTS[letter * 12], **given)


def row(seen: SecretState, workspace: str | None = None, cloud: str = "aws") -> Row:
    """What `status` knows of the key in one cloud."""
    key = replace(MANIFEST.keys["anthropic"], workspace=workspace)
    current = seen.current
    assert current is not None
    age = age_of(current.created, NOW, Duration.parse("90d"), Duration.parse("14d"))
    return Row(key, ("chat-api",), State.OK, age, current.version_id, current.label, cloud=cloud, seen=seen)


def used(one: VendorKey, *workspaces: str, age: timedelta = DAY) -> dict[str, Usage]:
    return {one.id: Usage(NOW - 9 * DAY, NOW - age, 500, frozenset(workspaces or {"wrkspc_a"}))}


def report(
    rows: list[Row], keys: list[VendorKey], usage: Mapping[str, Usage], workspace: str | None = None
) -> UsageReport:
    key = replace(MANIFEST.keys["anthropic"], workspace=workspace)
    return join(replace(MANIFEST, keys={"anthropic": key}), rows, keys, usage, NOW)


NOW_SERVED = state(version("a", 60 * DAY, C))
A = listed("a")
# rows, the vendor's keys, usage, the catalogue's workspace -> the kinds of findings
TABLE: dict[str, tuple[list[Row], list[VendorKey], Mapping[str, Usage], str | None, list[Odd]]] = {
    "all is well": ([row(NOW_SERVED)], [A], used(A), None, []),
    "nobody uses it": ([row(NOW_SERVED)], [A], {}, None, [Odd.IDLE]),
    "too young to be idle": ([row(state(version("a", 3 * DAY, C)))], [A], {}, None, []),
    "not in the list": ([row(NOW_SERVED)], [], {}, None, [Odd.NOT_AT_VENDOR]),
    "inactive": ([row(NOW_SERVED)], [listed("a", status="inactive")], used(A), None, [Odd.NOT_ACTIVE]),
    "expired": ([row(NOW_SERVED)], [listed("a", status="expired")], used(A), None, [Odd.NOT_ACTIVE]),
    "ends before it is due": (
        [row(NOW_SERVED)], [listed("a", expires=NOW + 20 * DAY)], used(A), None, [Odd.EXPIRES_EARLY],
    ),
    "ends after it is due": ([row(NOW_SERVED)], [listed("a", expires=NOW + 40 * DAY)], used(A), None, []),
    "used where the catalogue says": ([row(NOW_SERVED)], [A], used(A), "wrkspc_a", []),
    "used elsewhere": ([row(NOW_SERVED)], [A], used(A, "wrkspc_b"), "wrkspc_a", [Odd.OTHER_WORKSPACE]),
    "of another workspace": ([row(NOW_SERVED)], [A], used(A), "wrkspc_c", [Odd.OTHER_WORKSPACE]),
    "of none, used in one": (
        [row(NOW_SERVED)], [listed("a", workspace=None)], used(A, "wrkspc_b"), None, [Odd.ONE_WORKSPACE],
    ),
    "of none, used in two": (
        [row(NOW_SERVED)], [listed("a", workspace=None)], used(A, "wrkspc_a", "wrkspc_b"), None, [],
    ),
    "another name": (
        [row(NOW_SERVED)], [listed("a", "my test")], used(listed("a", "my test")), None, [Odd.OTHER_NAME],
    ),
    "a stranger named as ours": (
        [row(NOW_SERVED)], [A, listed("b", "prod-old-key")], used(A), None, [Odd.NOT_IN_CATALOGUE],
    ),
    "another environment's": ([row(NOW_SERVED)], [A, listed("b", "dev-chat-key")], used(A), None, []),
    "an inactive stranger": (
        [row(NOW_SERVED)], [A, listed("b", "prod-old-key", status="inactive")], used(A), None, [],
    ),
    "the old key of a rotation": (
        [row(state(version("a", 60 * DAY, C), version("b", 90 * DAY, P)))],
        [A, listed("b", "prod-chat-api-key")], used(A), None, [],
    ),
    "a retired one that works": (
        [row(state(version("a", 60 * DAY, C), version("b", 90 * DAY, None, "retired", DAY)))],
        [A, listed("b", "prod-chat-api-key")], used(A), None, [Odd.STILL_ACTIVE],
    ),
    "not stored by keyplan": (
        [row(state(version("a", 60 * DAY, C, is_labelled=False)))], [A], used(A), None,
        [Odd.NOT_IN_CATALOGUE, Odd.UNCLEAR],
    ),
    "two that look the same": (
        [row(NOW_SERVED)], [A, listed("a", "prod-chat-api-key")], used(A), None, [Odd.UNCLEAR],
    ),
    "one value in two clouds": ([row(NOW_SERVED), row(NOW_SERVED, cloud="gcp")], [A], {}, None, [Odd.IDLE]),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_what_is_odd(case: str) -> None:
    rows, keys, usage, workspace, expected = TABLE[case]
    assert [finding.odd for finding in report(rows, keys, usage, workspace).findings] == expected


def test_every_finding_says_what_to_do() -> None:
    for rows, keys, usage, workspace, _ in TABLE.values():
        for finding in report(rows, keys, usage, workspace).findings:
            assert finding.words
            assert finding.todo


def test_every_kind_is_found_and_documented() -> None:
    found = {odd for *_, kinds in TABLE.values() for odd in kinds}
    assert found == set(Odd)
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
    rows = page.partition("| kind of finding | means |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", rows, re.MULTILINE) == [odd.value for odd in Odd]


def test_other_environments_keys_are_listed_and_no_finding() -> None:
    other = listed("b", "dev-chat-key")
    assert report([row(NOW_SERVED)], [A, other], used(A)).others == (other,)


def test_status_shows_it_beside_the_keys(on_both: Life) -> None:
    value = on_both.new_key("my test")
    on_both.put(value)
    on_both.world.use(on_both.key_of(value))
    on_both.world.create_key(f"{on_both.environment.name}-forgotten-key")
    shown = on_both.run("status", "--usage")
    assert shown.returncode == 0, shown.stderr
    assert "at Anthropic: organization Sandbox Organization, the last 30 days" in shown.stdout
    assert "anthropic  my test        active" in shown.stdout
    document = on_both.json("status", "--usage", "--check", exit_code=1)
    assert [finding["kind"] for finding in document["usage"]["findings"]] == [
        "not-in-catalogue",
        "other-name",
    ]
    (entry,) = document["usage"]["keys"]
    assert (entry["key"], entry["clouds"], entry["vendorKey"]["name"]) == (
        "anthropic",
        ["aws", "gcp"],
        "my test",
    )
    assert value not in shown.stdout + str(document)


def test_without_an_admin_key_it_says_how_to_get_one(plain: Life) -> None:
    done = plain.run("status", "--usage")
    assert done.returncode == 2
    assert "there is no admin key for you" in done.stderr
    assert "ANTHROPIC_ADMIN_API_KEY" in done.stderr


def test_a_vendor_that_refuses_is_told(on_aws: Life) -> None:
    from sandbox.vendor_server import Fault

    on_aws.world.faults.add(*[Fault.answer(401)] * 9)
    done = on_aws.run("status", "--usage")
    assert done.returncode == 3
    assert "the admin key is not taken" in done.stderr
