"""The names of what is made on Google Cloud fit its alphabets and lengths, and stay apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan import names
from keyplan.checks.formats import is_name
from keyplan.checks.vendors import Vendor

environments = st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
entries = st.from_regex(r"[a-z]([a-z0-9-]{0,62}[a-z0-9])?", fullmatch=True)


def test_names_are_readable_where_there_is_room() -> None:
    assert names.gcp_secret_id("prod/anthropic-api-key") == "prod-anthropic-api-key"
    assert names.service_account_id("prod", "chat-api") == "prod-chat-api-reader"
    assert names.workload_identity_pool_id("prod") == "keyplan-prod"
    assert names.workload_identity_provider_id("evals") == "ci-evals"
    assert names.attribute_name("nightly-evals") == "nightly_evals"
    assert names.gcp_operator_role_id("prod-eu") == "keyplan_prod_eu_operator"
    assert names.gcp_auditor_role_id("prod") == "keyplan_prod_auditor"
    assert names.gcp_secret_resource("example-prod", "a-b") == "projects/example-prod/secrets/a-b"


def test_a_shortened_name_stays_what_it_is_for_ever() -> None:
    """What was created under such a name would be replaced if it changed."""
    assert names.service_account_id("production-eu", "recommendations") == "production-eu-recomme-564a159d"
    assert names.workload_identity_pool_id("e" * 40) == "keyplan-eeeeeeeeeeeeeee-51b02c4f"
    assert names.workload_identity_provider_id("c" * 40) == f"ci-{'c' * 20}-7c3e51b0"


@given(environments, entries)
def test_every_name_fits_googles_rules(environment: str, consumer: str) -> None:
    assert is_name(environment)
    assert is_name(consumer)
    account = names.service_account_id(environment, consumer)
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])", account)
    assert 6 <= len(account) <= 30
    pool = names.workload_identity_pool_id(environment)
    assert re.fullmatch(r"[a-z0-9-]{4,32}", pool)
    assert pool.startswith("keyplan-")
    provider = names.workload_identity_provider_id(consumer)
    assert re.fullmatch(r"[a-z0-9-]{4,32}", provider)
    assert not provider.startswith("gcp-"), "that beginning is Google's"
    assert re.fullmatch(r"[a-z0-9_]{1,100}", names.attribute_name(consumer))
    for role in (names.gcp_operator_role_id(environment), names.gcp_auditor_role_id(environment)):
        assert re.fullmatch(r"[A-Za-z0-9_.]{3,64}", role)
    secret = names.gcp_secret_id(names.secret_name(environment, consumer))
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,255}", secret)


@given(environments)
def test_what_becomes_a_label_is_in_its_alphabet(environment: str) -> None:
    for value in (environment, *Vendor):
        assert names.LABEL_VALUE.fullmatch(value)


@given(environments, st.lists(entries, min_size=2, max_size=8, unique=True))
def test_no_two_consumers_share_a_name(environment: str, consumers: list[str]) -> None:
    for made in (
        [names.service_account_id(environment, name) for name in consumers],
        [names.workload_identity_provider_id(name) for name in consumers],
        [names.attribute_name(name) for name in consumers],
    ):
        assert len(set(made)) == len(consumers)


@pytest.mark.parametrize(
    ("one", "other"), [("a" * 60, "a" * 61), ("reader" * 8, "reader" * 9), ("x-" * 30 + "y", "x-" * 30 + "z")]
)
def test_names_that_begin_alike_are_told_apart_by_their_ends(one: str, other: str) -> None:
    assert names.service_account_id("prod", one) != names.service_account_id("prod", other)
    assert names.workload_identity_provider_id(one) != names.workload_identity_provider_id(other)
