"""What a key is called in the vendor's console, and which names there are of that scheme."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.names import follows_scheme, vendor_key_is_for, vendor_key_name

words = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(9999, 12, 31))


def test_a_key_is_named_after_its_only_consumer_and_after_itself_where_several_share_it() -> None:
    assert vendor_key_is_for("anthropic", ["chat-api"]) == "chat-api"
    assert vendor_key_is_for("anthropic", ["chat-api", "evals"]) == "anthropic"
    assert vendor_key_is_for("anthropic", []) == "anthropic"
    assert vendor_key_name("prod", "chat-api") == "prod-chat-api-key"
    assert vendor_key_name("prod", "chat-api", date(2026, 1, 2)) == "prod-chat-api-key-20260102"


@given(
    words, st.lists(words, min_size=1, max_size=4), st.lists(words, min_size=1, max_size=4), days, st.data()
)
def test_every_name_that_is_suggested_follows_the_scheme(
    environment: str, consumers: list[str], keys: list[str], day: date, data: st.DataObject
) -> None:
    named_after = data.draw(st.sampled_from([*consumers, *keys]))
    for name in (vendor_key_name(environment, named_after), vendor_key_name(environment, named_after, day)):
        assert follows_scheme(name, environment, consumers, keys)
        assert not follows_scheme(name, f"{environment}x", consumers, keys)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "test key",
        "prod-chat-api",
        "prod-chat-api-key-",
        "prod-chat-api-key-2026112",
        "prod-chat-api-key-20261321",
        "prod-chat-api-key-20260230",
        "prod-chat-api-key-20261121-20261121",
        "prod-chat-api-key-２０２６１１２１",
        "prod-chat-api-key-19991231",
        "PROD-chat-api-key",
        "prod-chat-api-key\n",
        "dev-chat-api-key",
        "prod-unknown-key-20261121",
    ],
)
def test_any_other_name_does_not_follow_it(name: str) -> None:
    assert not follows_scheme(name, "prod", ["chat-api"], ["anthropic"])


def test_a_name_that_ends_like_a_day_is_still_its_own() -> None:
    """A consumer may be called `batch-key-20261121` for all we know."""
    assert follows_scheme("prod-batch-key-20261121-key", "prod", ["batch-key-20261121"], [])
    assert follows_scheme("prod-batch-key-20261121-key-20261121", "prod", ["batch-key-20261121"], [])
