"""docs/aws.md against the code: permission tables, quotas and the numbers of keys that fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.aws.policy import quotas
from components.aws.policy.audit import NEVER_FOR_AUDITORS
from components.aws.policy.documents import (
    READ_ACTIONS,
    READ_KEY_ACTIONS,
    STORE_ACTIONS,
    STORE_KEY_ACTIONS,
    Grant,
    operator_document,
    reader_document,
)
from components.aws.policy.grants import Room, pack_grants
from components.aws.policy.packing import Packing
from components.aws.policy.quotas import QuotaExceeded
from tests.components.catalogues import ACCOUNT, MANAGED_ONLY, OWN_ROLE, OWN_ROLE_WITH_AWS_POLICY, many

KEYS = list(many(900).keys.values())
ROOMS = {
    "role that keyplan makes": OWN_ROLE,
    "the same for ECS at start, and Lambda": OWN_ROLE_WITH_AWS_POLICY,
    "people, existing role, operators": MANAGED_ONLY,
}


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    """The text of docs/aws.md."""
    return (project / "docs" / "aws.md").read_text()


def section(page: str, title: str) -> str:
    return re.split(r"^#+ ", page.split(f" {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def actions(page: str, title: str) -> list[str]:
    """The first column of the section's table."""
    return re.findall(r"^\| `([a-z]+:[A-Za-z]+)` \|", section(page, title), re.MULTILINE)


def test_the_permission_tables_are_the_policies(page: str) -> None:
    assert actions(page, "Readers") == [*READ_ACTIONS, *READ_KEY_ACTIONS]
    assert actions(page, "Operators") == [*STORE_ACTIONS, *STORE_KEY_ACTIONS]
    assert actions(page, "The auditor") == list(NEVER_FOR_AUDITORS)


def test_the_quotas_are_those_that_are_checked(page: str) -> None:
    numbers = [
        int(number.replace(",", ""))
        for number in re.findall(
            r"^\| [^|]+ \| ([0-9,]+)[^|]* \| (?:no|up to)", section(page, "Quotas"), re.MULTILINE
        )
    ]
    assert numbers == [
        quotas.INLINE_POLICIES_OF_ROLE_CHARACTERS,
        quotas.MANAGED_POLICY_CHARACTERS,
        quotas.MANAGED_POLICIES_PER_ROLE,
        quotas.TRUST_POLICY_CHARACTERS,
        quotas.SECRET_POLICY_CHARACTERS,
        quotas.KEY_POLICY_BYTES,
    ]


def packed(count: int, room: Room, every_key: bool) -> Packing[Grant] | None:
    try:
        return pack_grants(ACCOUNT, KEYS[:count], reader_document, room, "x", every_key=every_key)
    except QuotaExceeded:
        return None


def is_full(packing: Packing[Grant] | None) -> bool:
    return packing is not None and all(
        grant.secrets and grant.contexts for chunk in packing.chunks for grant in chunk
    )


@pytest.mark.parametrize("principal", ROOMS)
def test_as_many_keys_fit_as_the_page_says(page: str, principal: str) -> None:
    row = re.search(rf"^\| {principal} \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert row is not None
    full, by_name, whole = (int(number) for number in row.groups())
    room = ROOMS[principal]
    assert (is_full(packed(full, room, False)), is_full(packed(full + 1, room, False))) == (True, False)
    for count, every_key in ((by_name, False), (whole, True)):
        assert packed(count, room, every_key) is not None
        assert packed(count + 1, room, every_key) is None


def test_as_many_keys_fit_into_one_policy_as_the_page_says(page: str) -> None:
    single = int(re.search(r"with a single policy \((\d+) keys", page)[1])  # type: ignore[index]
    assert len(packed(single, OWN_ROLE, False).chunks) == 1  # type: ignore[union-attr]
    assert len(packed(single + 1, OWN_ROLE, False).chunks) == 2  # type: ignore[union-attr]
    operators = int(re.search(r"`prod-keyplan-operator` \| one for every (\d+) keys", page)[1])  # type: ignore[index]
    for count, policies in ((operators, 1), (operators + 1, 2)):
        packing = pack_grants(ACCOUNT, KEYS[:count], operator_document, MANAGED_ONLY, "x", every_key=True)
        assert len(packing.managed) == policies


def test_every_link_inside_the_page_leads_somewhere(page: str) -> None:
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in headings}
    linked = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert linked - anchors == set()
