"""Whatever comes back from a vendor, keyplan makes something of it, and never more than it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.vendors import VENDORS
from keyplan.vendors.organization_pages import hint_of, moment, use_of_keys, vendor_key
from keyplan.vendors.verdicts import Reply, Verdict
from tests.vendors.asking import key_of

NAMES = st.sampled_from(
    [
        *("type", "error", "message", "details", "error_code", "data", "id", "status", "name", "scope"),
        *("results", "starting_at", "ending_at", "api_key_id", "cache_creation", "output_tokens"),
        *("created_at", "expires_at", "partial_key_hint", "workspace_id"),
    ]
)
WORDS = st.sampled_from(
    ["error", "authentication_error", "active", "apikey_1", "2026-11-21T00:00:00Z", "2026-11-21", "a...b"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
CONTENT = st.binary(max_size=40) | ANYTHING.map(lambda document: json.dumps(document).encode())
HEADERS = st.dictionaries(
    st.sampled_from(["anthropic-organization-id", "anthropic-workspace-id", "retry-after"]), st.text()
)
STATUSES = st.sampled_from([200, 201, 204, 301, 400, 401, 402, 403, 404, 409, 418, 429, 500, 503, 529, 999])


@pytest.mark.parametrize("vendor", VENDORS)
@given(status=STATUSES, headers=HEADERS, content=CONTENT)
def test_every_reply_has_a_verdict_in_printable_words(
    vendor: str, status: int, headers: dict[str, str], content: bytes
) -> None:
    key = key_of(vendor, base_url="https://gw.example", check_url="https://check.example")
    answer = VENDORS[vendor].judge(key, Reply(status, headers, content))
    assert answer.words.isprintable()
    assert all(text is None or text.isprintable() for text in (answer.organization, answer.workspace))
    if answer.verdict is Verdict.ALIVE:
        assert 200 <= status < 300
    if status >= 500 or 300 <= status < 400:
        assert answer.verdict in (Verdict.UNKNOWN, Verdict.FORBIDDEN)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "2026-13-01", ""])
def test_a_time_that_is_none_is_not_one(text: str) -> None:
    assert moment(text) is None


@given(ANYTHING)
def test_every_document_is_read_or_is_none(document: Any) -> None:
    key = vendor_key(document)
    assert key is None or key.name.isprintable()
    assert hint_of(document) is None or isinstance(document, str)
    if isinstance(document, dict):
        used = use_of_keys(document)
        assert used is None or all(use.tokens > 0 for use in used.values())
