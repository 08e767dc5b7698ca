"""What is refused before anything is declared, and names that always fit."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gcp.alarms.reminder_plan import account_id, bucket_name, metadata_condition
from components.gcp.labels import labels
from components.gcp.plans import plan_gcp
from components.gcp.quotas import GoogleQuotaExceeded
from components.gcp.slugs import fitted, slug
from keyplan.catalogue import Cloud, PeopleSettings, RoleSettings, Runtime
from keyplan.errors import UsageError
from keyplan.names import LABEL_VALUE
from tests.components_gcp.catalogues import (
    EVALS,
    HERE,
    NUMBER,
    WEB,
    gcp_catalogue,
    gcp_settings,
    key,
    on_gcp,
)

NAMES = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=40).filter(
    lambda name: not name.startswith("-") and not name.endswith("-")
)


def test_a_label_with_capitals_is_refused_with_the_name_to_give() -> None:
    with pytest.raises(UsageError) as failure:
        labels("Prod EU")
    assert failure.value.message == (
        "the label `environment` of Google Cloud would be `Prod EU`, and a label holds at most 63 lower-case "
        "letters, digits, `-` and `_`"
    )
    assert failure.value.hint == "rename it to `prod-eu`"


@given(st.text(max_size=100))
def test_the_name_that_is_proposed_for_a_label_is_one(text: str) -> None:
    try:
        labels(text)
    except UsageError as error:
        proposed = str(error.hint).removeprefix("rename it to `").removesuffix("`")
        assert LABEL_VALUE.fullmatch(proposed)
    else:
        assert LABEL_VALUE.fullmatch(text)


def test_people_without_members_could_not_be_granted_anything() -> None:
    nobody = on_gcp("research", Runtime.PEOPLE, PeopleSettings(None, ()))
    with pytest.raises(UsageError) as failure:
        plan_gcp(gcp_catalogue(consumers=[nobody]), HERE)
    assert failure.value.hint == "add `members: ['group:NAME@example.com']` to consumer `research`"


def test_a_runtime_of_aws_does_not_read_here() -> None:
    wrong = on_gcp("function", Runtime.LAMBDA, RoleSettings(None))
    with pytest.raises(UsageError, match="runs as `lambda`, which reads on AWS only"):
        plan_gcp(gcp_catalogue(consumers=[wrong]), HERE)


def test_a_reader_on_aws_is_none_here() -> None:
    elsewhere = replace(EVALS, name="elsewhere", cloud=Cloud.AWS)
    plan = plan_gcp(gcp_catalogue(consumers=[WEB, elsewhere]), HERE)
    assert set(plan.readers) == {"web"}
    assert plan.accessors == {"anthropic": plan.readers["web"].members}
    assert plan.pool_id is None


def test_members_of_one_policy_are_counted_together() -> None:
    def members(count: int) -> tuple[str, ...]:
        return tuple(f"user:{number}@example.com" for number in range(count))

    people = on_gcp("people", Runtime.PEOPLE, PeopleSettings(None, members(1_490)))
    settings = gcp_settings(operators=members(9))
    assert plan_gcp(gcp_catalogue(consumers=[people], gcp=settings), HERE)
    with pytest.raises(GoogleQuotaExceeded) as failure:
        plan_gcp(gcp_catalogue(consumers=[people], gcp=gcp_settings(operators=members(10))), HERE)
    assert failure.value.message == (
        "the policy of the secret of key `anthropic` of prod would have 1,501 members, and Google "
        "allows 1,500"
    )


def test_runners_that_would_share_an_attribute_are_refused() -> None:
    # The catalogue's own check lets no two such names through; a renamed one could still meet another's.
    twin = replace(EVALS, name="evals2", former_names=("evals",))
    with pytest.raises(UsageError, match="`evals` and `evals2` would share `ci-evals`"):
        plan_gcp(gcp_catalogue(consumers=[EVALS, twin]), HERE)


def test_an_annotation_that_is_too_long_is_told() -> None:
    with pytest.raises(GoogleQuotaExceeded, match="16,384"):
        plan_gcp(gcp_catalogue([key(owner="a" * 16_384)]), HERE)


def test_the_reminder_looks_at_the_environments_secrets_only() -> None:
    expression, others = metadata_condition(
        gcp_catalogue([key(), key("openrouter", secret_name="shared/openrouter")]), HERE
    )
    assert expression == f'resource.name.startsWith("projects/{NUMBER}/secrets/prod-")'
    assert others == ("openrouter",)
    only_others = gcp_catalogue([key(secret_name="shared/anthropic")])
    assert metadata_condition(only_others, HERE) == (None, ("anthropic",))


@given(NAMES, NAMES)
def test_names_fit_and_stay_apart(one: str, other: str) -> None:
    for purpose in ("age", "call", "build"):
        assert len(account_id(one, purpose)) <= 30
        assert (account_id(one, purpose) == account_id(other, purpose)) is (one == other)
    long = replace(HERE, project_id="p" * 30)
    assert len(bucket_name(long, one)) <= 63
    assert (bucket_name(long, one) == bucket_name(long, other)) is (one == other)


@given(st.text(), st.text())
def test_a_slug_is_one_for_each_text(one: str, other: str) -> None:
    one, other = (text.encode("utf-8", "ignore").decode() for text in (one, other))
    assert set(slug(one)) <= set(string.ascii_lowercase + string.digits + "-")
    assert (slug(one) == slug(other)) is (one == other)


@given(st.text(string.ascii_lowercase + "-", min_size=1, max_size=80), st.integers(12, 40))
def test_a_fitted_name_is_the_name_or_ends_in_a_digest(name: str, maximum: int) -> None:
    found = fitted(name, maximum)
    assert len(found) <= maximum
    assert (found == name) is (len(name) <= maximum)
