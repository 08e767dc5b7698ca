"""The manifest names the key of the catalogue's `claudeCode` where Claude Code could use another one, too."""

from __future__ import annotations

import pytest

from components.manifest_parts import compose
from keyplan.catalogue import ClaudeCode, Key
from tests.components.catalogues import EVERY_VENDOR, ROUTER, catalogue, key

SECOND = key("second", env_var="SECOND_API_KEY")


@pytest.mark.parametrize(
    ("keys", "chosen", "named"),
    {
        "the only one": ([key(), ROUTER], "anthropic", None),
        "one of two": ([key(), SECOND], "second", "second"),
        "one beside a gateway": (EVERY_VENDOR, "anthropic", "anthropic"),
        "none chosen": ([key(), SECOND], None, None),
    }.values(),
)
def test_the_key_is_named_only_where_it_is_not_the_only_one(
    keys: list[Key], chosen: str | None, named: str | None
) -> None:
    choice = None if chosen is None else ClaudeCode("direct", chosen)
    manifest = compose(catalogue(keys, claude_code=choice), None, None)
    assert manifest.claude_code_key == named
    assert manifest.to_json().get("claudeCodeKey") == named
