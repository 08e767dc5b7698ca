"""What each vendor accepts as one of its keys, and that no message repeats a part of a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import ManifestError, ValueRejected
from keyplan.vendors import VENDORS, anthropic, anthropic_admin, gateway, generic, vendor_named
from tests.command.environments import fake_key

BODY = "x" * 93 + "AA"
REFUSED = {
    "an admin key": ("sk-ant-" + "admin01-" + BODY, "this is an Admin API key"),
    "an OAuth token": ("sk-ant-" + "oat01-" + BODY, "this is an OAuth access token"),
    "an enterprise admin key": ("sk-ant-" + "api01-" + BODY, "this is an Enterprise admin key"),
    "another vendor's key": ("sk-proj-" + "x" * 100, "those begin with sk-ant-api03-"),
    "one character too few": (
        fake_key()[:-1],
        "too short, so a part of it was not copied: it has 107 characters, of 108",
    ),
    "one character too many": (fake_key() + "A", "too long: it has 109 characters, of 108"),
    "another end": (fake_key()[:-2] + "BB", "end in AA"),
    "a character that is in no key": (fake_key("!"), "letters, digits, `-` and `_`"),
}


@given(st.from_regex(r"[A-Za-z0-9_-]{93}", fullmatch=True))
def test_every_key_of_the_documented_form_is_accepted(body: str) -> None:
    anthropic.check("sk-ant-" + "api03-" + body + "AA", None)


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_anthropic_api_key_is_refused_with_its_own_words(text: str, words: str) -> None:
    with pytest.raises(ValueRejected) as caught:
        anthropic.check(text, None)
    assert words in caught.value.message
    assert BODY[:20] not in f"{caught.value.message} {caught.value.hint}"


def admin_key(mark: str = "x") -> str:
    """A text of the form of an Admin API key."""
    return "sk-ant-" + "admin01-" + (mark * 93)[:93] + "AA"


NO_ADMIN_KEYS = {
    "an API key": (fake_key(), "this is an API key: it calls models and cannot manage the organization"),
    "another vendor's key": ("sk-proj-" + "x" * 100, "those begin with sk-ant-admin01-"),
    "one character too few": (admin_key()[:-1], "too short, so a part of it was not copied"),
    "one character too many": (admin_key() + "A", "too long: it has 111 characters, of 110"),
    "another end": (admin_key()[:-2] + "BB", "end in AA"),
    "a character that is in no key": (admin_key("!"), "letters, digits, `-` and `_`"),
}


def test_an_admin_key_of_the_documented_form_is_accepted() -> None:
    anthropic_admin.check(admin_key(), None)


@pytest.mark.parametrize(("text", "words"), NO_ADMIN_KEYS.values(), ids=NO_ADMIN_KEYS.keys())
def test_what_is_no_admin_key_is_refused_with_its_own_words(text: str, words: str) -> None:
    with pytest.raises(ValueRejected) as caught:
        anthropic_admin.check(text, None)
    assert words in caught.value.message
    assert BODY[:20] not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("text", [fake_key(), admin_key(), "sk-ant-" + "oat01-" + BODY])
def test_a_gateway_never_gets_to_know_a_key_of_anthropics(text: str) -> None:
    with pytest.raises(ValueRejected, match="one of Anthropic's own keys, and no gateway's token") as caught:
        gateway.check(text, ".*")
    assert BODY[:20] not in f"{caught.value.message} {caught.value.hint}"


def test_a_gateways_token_has_to_match_its_format_as_a_whole() -> None:
    gateway.check("gw-123", "gw-[0-9]+")
    gateway.check("sk-1234", None)
    with pytest.raises(ValueRejected, match="does not match the format"):
        gateway.check("gw-123x", "gw-[0-9]+")


def test_a_hint_is_what_the_vendors_own_list_shows_and_no_more() -> None:
    value = "sk-ant-" + "api03-" + "R2D" + "x" * 88 + "ig" + "AA"
    assert anthropic.hint(value) == "R2D...igAA"
    assert anthropic.hint(value[:-1]) is None
    assert (gateway.hint("gw-123"), generic.hint("tok-123")) == (None, None)


def test_a_generic_value_has_to_match_its_format_as_a_whole() -> None:
    generic.check("or-123", "or-[0-9]+")
    generic.check("anything", None)
    with pytest.raises(ValueRejected, match="of 7 characters, does not match the format"):
        generic.check("or-123x", "or-[0-9]+")


def test_a_vendor_that_this_keyplan_does_not_know_asks_for_a_newer_one() -> None:
    with pytest.raises(ManifestError, match="it knows anthropic, anthropic-admin, gateway, generic"):
        vendor_named("acme")


def test_what_claude_code_prefers_to_an_api_key_is_what_goes() -> None:
    assert set(VENDORS["anthropic"].OVERRIDES) == {
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "CLAUDE_CODE_USE_FOUNDRY",
    }
