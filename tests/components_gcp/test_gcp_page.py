"""docs/gcp.md against the code: permissions, limits, costs, names, and links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import cost_gcp
from components.gcp import quotas
from components.gcp.alarms.read_alarm_plan import read_policies
from components.gcp.alarms.reminder_plan import REMINDER_PERMISSIONS, reminder_policies
from components.gcp.plans import AUDITOR_PERMISSIONS, OPERATOR_PERMISSIONS, plan_gcp
from components.gcp.replacement import CONFIRMATION
from tests.components_gcp.catalogues import EVALS, HERE, WEB, many


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    """The text of docs/gcp.md."""
    return (project / "docs" / "gcp.md").read_text()


def section(page: str, title: str) -> str:
    return re.split(r"^#+ ", page.split(f" {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def permissions(page: str, title: str) -> tuple[str, ...]:
    """The first column of the section's table."""
    return tuple(re.findall(r"^\| `([a-zA-Z.]+)` \|", section(page, title), re.MULTILINE))


def test_the_permission_tables_are_the_roles(page: str) -> None:
    assert permissions(page, "Operators") == OPERATOR_PERMISSIONS
    assert permissions(page, "Auditors") == AUDITOR_PERMISSIONS
    for permission in REMINDER_PERMISSIONS:
        assert f"`{permission}`" in section(page, "The reminder")


def test_the_limits_are_those_that_are_checked(page: str) -> None:
    numbers = [
        int(number.replace(",", ""))
        for number in re.findall(r"^\| [^|]+ \| ([0-9,]+)[^|]* \|", section(page, "Limits"), re.MULTILINE)
    ]
    assert numbers == [
        quotas.CONDITION_CHARACTERS,
        quotas.MAPPING_CHARACTERS,
        quotas.SUBJECT_BYTES,
        quotas.PRINCIPALS_PER_POLICY,
        quotas.ALERT_FILTER_CHARACTERS,
        quotas.DOCUMENTATION_CHARACTERS,
        quotas.ANNOTATIONS_BYTES,
        63,
    ]


def test_the_table_of_costs_is_the_one_that_is_computed(page: str) -> None:
    shown = page.partition("<!-- cost -->\n")[2].partition("\n<!-- /cost -->")[0]
    assert shown == cost_gcp.table()


@pytest.mark.parametrize("keys", cost_gcp.KEY_COUNTS)
def test_the_costs_count_the_policies_that_are_built(keys: int) -> None:
    made = many(keys, [WEB, EVALS])
    reading = read_policies(made, HERE, plan_gcp(made, HERE))
    # One on silence beside those that are planned as filters over lines.
    assert cost_gcp.policies(keys) == len(reminder_policies(made, HERE)) + 1 + len(reading)


def test_as_many_filters_are_needed_as_the_page_says(page: str) -> None:
    hundred, five_hundred = (
        int(number)
        for number in re.search(r"policies: (\d+) for 100 keys .*, (\d+) for 500", page).groups()  # type: ignore[union-attr]
    )
    for count, policies in ((100, hundred), (500, five_hundred)):
        made = many(count, [WEB, EVALS])
        assert len(read_policies(made, HERE, plan_gcp(made, HERE))) == policies


def test_the_confirmation_of_a_replacement_is_the_one_that_counts(page: str) -> None:
    assert f"`{CONFIRMATION}=anthropic pulumi up`" in page


def test_every_link_inside_the_page_leads_somewhere(page: str) -> None:
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in headings}
    linked = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert linked - anchors == set()
