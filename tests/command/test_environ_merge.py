"""What a program's environment is made of."""

from __future__ import annotations

import pytest

from keyplan.environ import base_url_variable, base_urls, merge, require_distinct, sent_astray
from keyplan.errors import UsageError
from keyplan.secret_value import SecretValue

OVERRIDES = {"ANTHROPIC_AUTH_TOKEN": "wins", "ANTHROPIC_BASE_URL": "redirects"}
VALUE = {"ANTHROPIC_API_KEY": SecretValue("v")}
ROWS = {
    "a key's variable is added to what was there": (
        {b"PATH": b"/bin"}, {}, (),
        {b"PATH": b"/bin", b"ANTHROPIC_API_KEY": b"v"}, [],
    ),
    "a key's variable replaces an old one, which is no leftover": (
        {b"ANTHROPIC_API_KEY": b"old"}, {}, (),
        {b"ANTHROPIC_API_KEY": b"v"}, [],
    ),
    "what would win is removed and named": (
        {b"ANTHROPIC_BASE_URL": b"u", b"ANTHROPIC_AUTH_TOKEN": b"t"}, {}, (),
        {b"ANTHROPIC_API_KEY": b"v"}, ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"],
    ),
    "an empty variable would win as well": (
        {b"ANTHROPIC_AUTH_TOKEN": b""}, {}, (),
        {b"ANTHROPIC_API_KEY": b"v"}, ["ANTHROPIC_AUTH_TOKEN"],
    ),
    "what the caller keeps stays": (
        {b"ANTHROPIC_BASE_URL": b"u"}, {}, ("ANTHROPIC_BASE_URL",),
        {b"ANTHROPIC_BASE_URL": b"u", b"ANTHROPIC_API_KEY": b"v"}, [],
    ),
    "a consumer's variable is set, also one that would be removed as a leftover": (
        {b"ANTHROPIC_BASE_URL": b"old"}, {"ANTHROPIC_BASE_URL": "new", "MODEL": "m"}, (),
        {b"ANTHROPIC_BASE_URL": b"new", b"MODEL": b"m", b"ANTHROPIC_API_KEY": b"v"}, [],
    ),
    "a key's variable wins over a plain one": (
        {}, {"ANTHROPIC_API_KEY": "plain"}, (),
        {b"ANTHROPIC_API_KEY": b"v"}, [],
    ),
    "variables that are not text go through": (
        {b"ODD\xff": b"\xfe"}, {}, (),
        {b"ODD\xff": b"\xfe", b"ANTHROPIC_API_KEY": b"v"}, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("environ", "plain", "keep", "merged", "removed"), ROWS.values(), ids=ROWS.keys())
def test_merge(
    environ: dict[bytes, bytes],
    plain: dict[str, str],
    keep: tuple[str, ...],
    merged: dict[bytes, bytes],
    removed: list[str],
) -> None:
    before = dict(environ)
    assert merge(environ, values=VALUE, plain=plain, overrides=OVERRIDES, keep=keep) == (merged, removed)
    assert environ == before


def test_a_value_is_utf8_whatever_the_locale_is() -> None:
    merged, _ = merge({}, values={"K": SecretValue("é")}, plain={}, overrides={}, keep=())
    assert merged == {b"K": "é".encode()}


def test_two_keys_with_one_variable_are_refused() -> None:
    require_distinct([("a", "A"), ("b", "B"), ("a", "A")])
    with pytest.raises(UsageError, match="the keys a and b both have the variable A"):
        require_distinct([("a", "A"), ("b", "A")])


@pytest.mark.parametrize(
    ("variable", "expected"),
    {
        "ANTHROPIC_AUTH_TOKEN": "ANTHROPIC_BASE_URL",
        "ANTHROPIC_API_KEY": "ANTHROPIC_BASE_URL",
        "OPENAI_API_KEY": "OPENAI_BASE_URL",
        "GATEWAY_TOKEN": "GATEWAY_BASE_URL",
        "MY_KEY": "MY_BASE_URL",
        "GATEWAY": "GATEWAY_BASE_URL",
        "_TOKEN": "_TOKEN_BASE_URL",
        "token": "token_BASE_URL",
    }.items(),
)
def test_a_gateways_address_is_in_the_variable_beside_its_tokens(variable: str, expected: str) -> None:
    assert base_url_variable(variable) == expected


DIRECT = ("direct", "anthropic", "ANTHROPIC_API_KEY", None)
ADMIN = ("admin", "anthropic-admin", "ADMIN", None)
GATE = ("gate", "gateway", "ANTHROPIC_AUTH_TOKEN", "https://a")
OTHER = ("other", "gateway", "ANTHROPIC_API_KEY", "https://a")
APART = ("apart", "gateway", "GATEWAY_TOKEN", "https://b")
GENERIC = ("generic", "generic", "OPENAI_API_KEY", None)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], []),
        ([GATE], []),
        ([DIRECT, ADMIN, GENERIC], []),
        ([GATE, GENERIC, APART], []),
        ([DIRECT, ADMIN, APART], []),
        ([DIRECT, GATE], [("direct", "gate", "ANTHROPIC_BASE_URL")]),
        ([GATE, ADMIN], [("admin", "gate", "ANTHROPIC_BASE_URL")]),
        ([GATE, OTHER], [("gate", "other", "ANTHROPIC_BASE_URL")]),
        ([OTHER, GATE], [("other", "gate", "ANTHROPIC_BASE_URL")]),
        (
            [("x", "generic", "GATEWAY_BASE_URL", None), APART],
            [("x", "apart", "GATEWAY_BASE_URL")],
        ),
    ],
)
def test_which_keys_a_program_would_send_to_the_gateway_of_another(
    keys: list[tuple[str, str, str, str | None]], expected: list[tuple[str, str, str]]
) -> None:
    assert sent_astray(keys) == expected
    assert sorted(base_urls(keys).values()) == sorted({url for *_, url in keys if url is not None})
