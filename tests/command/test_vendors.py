"""What each vendor accepts as an API key, and that no message repeats a part of a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import ManifestError, ValueRejected
from keyplan.vendors import VENDORS, anthropic, generic, vendor_named
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


def test_a_generic_value_has_to_match_its_format_as_a_whole() -> None:
    generic.check("or-123", "or-[0-9]+")
    generic.check("anything", None)
    with pytest.raises(ValueRejected, match="of 7 characters, does not match the format"):
        generic.check("or-123x", "or-[0-9]+")


def test_a_vendor_that_this_keyplan_does_not_know_asks_for_a_newer_one() -> None:
    with pytest.raises(ManifestError, match="it knows anthropic, generic"):
        vendor_named("acme")


def test_what_claude_code_prefers_to_an_api_key_is_what_goes() -> None:
    assert set(VENDORS["anthropic"].OVERRIDES) == {
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "CLAUDE_CODE_USE_FOUNDRY",
    }
