"""Values survive the way in and out, and what was secret anywhere inside stays secret."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.wire import decode, encode
from tests.sandbox_plugins.engine_side import UNKNOWN, message, secret, string_asset, values

SCALARS = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53), 2**53).map(float)
    | st.text(st.characters(exclude_categories=("Cs",)))
    | st.just(UNKNOWN)
    | st.text("abc").map(string_asset)
)
NAMES = st.text("abcdé/.-", min_size=1)
PLAIN = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
MARKED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3) | inner.map(secret),
)


def bare(value: Any) -> Any:
    """The value without marks of secrets."""
    if isinstance(value, dict):
        return (
            bare(value["value"]) if "value" in value else {name: bare(item) for name, item in value.items()}
        )
    return [bare(item) for item in value] if isinstance(value, list) else value


def holds_secret(value: Any) -> bool:
    return bare(value) != value


@given(st.dictionaries(NAMES, PLAIN, max_size=4))
def test_every_value_comes_back_as_it_was(plain: dict[str, Any]) -> None:
    decoded, marked = decode(message(plain))
    assert marked == frozenset()
    assert values(encode(decoded)) == plain


@given(st.dictionaries(NAMES, MARKED, max_size=4))
def test_no_secret_is_lost(sent: dict[str, Any]) -> None:
    decoded, marked = decode(message(sent))
    assert marked == {name for name, value in sent.items() if holds_secret(value)}
    expected = {name: secret(bare(value)) if name in marked else value for name, value in sent.items()}
    assert values(encode(decoded, marked)) == expected
