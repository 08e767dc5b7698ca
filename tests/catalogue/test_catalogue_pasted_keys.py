"""A key that somebody pasted into a configuration is refused wherever it is, and never shown again."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyplan.checks import parse_catalogue
from keyplan.checks.files import load_catalogue
from keyplan.checks.pasted import is_key_like, show
from keyplan.errors import CatalogueError

FAKE_KEYS = {
    "anthropic": "sk-ant-" + "api03-" + "x" * 93 + "AA",
    "anthropic, cut off": "sk-ant-" + "api03-" + "x" * 20,
    "anthropic admin": "sk-ant-" + "admin01-" + "x" * 93 + "AA",
    "anthropic oauth": "sk-ant-" + "oat01-" + "x" * 93 + "AA",
    "openai": "sk-" + "proj-" + "a1" * 40,
    "openrouter": "sk-" + "or-v1-" + "a1" * 32,
    "aws": "AKIA" + "ABCDEFGH" * 2,
    "google": "AIza" + "a" * 35,
    "github": "ghp_" + "a" * 36,
    "gitlab": "glpat-" + "a" * 20,
    "slack": "xoxb-" + "1" * 24,
    "hugging face": "hf_" + "a" * 34,
    "json web token": "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + ".c",
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("key", FAKE_KEYS.values(), ids=FAKE_KEYS)
def test_a_credential_is_recognised_by_its_prefix_also_inside_other_text(key: str) -> None:
    assert is_key_like(key)
    assert is_key_like(f"export X='{key}'")
    assert show(key) == "a key-like value (hidden)"


@pytest.mark.parametrize(
    "text",
    [
        "claude-sonnet-4-6",
        "prod/anthropic-api-key",
        ""
        ""
        ""
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admins_0123456789abcdef",
        "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a",
        "platform@example.com",
        "sk-or-v1-[0-9a-f]{64}",
    ],
)
def test_the_words_of_a_configuration_are_shown(text: str) -> None:
    assert not is_key_like(text)
    assert show(text).startswith(f"`{text[:60]}")


def test_long_random_text_is_hidden_although_nobody_knows_whose_it_is() -> None:
    text = "a1" + secrets.token_hex(20)
    assert show(text) == "text of 42 characters (hidden: it could be a key)"


def _everywhere(key: str) -> dict[str, dict[str, Any]]:
    right = {"owner": "a@example.com", "keys": {"a": {"vendor": "anthropic"}}}
    consumer = {"runtime": "ecs", "keys": ["a"]}
    return {
        "as owner": {**right, "owner": key},
        "as the name of a key": {**right, "keys": {key: {"vendor": "anthropic"}}},
        "as the name of a field": {**right, "keys": {"a": {"vendor": "anthropic", key: 1}}},
        "in a field that does not exist": {**right, "keys": {"a": {"vendor": "anthropic", "value": key}}},
        "as a secret's name": {**right, "keys": {"a": {"vendor": "anthropic", "secretName": key}}},
        "as a format": {**right, "keys": {"a": {"vendor": "generic", "envVar": "A", "format": key}}},
        "as a variable": {**right, "consumers": {"c": {**consumer, "env": {"X": key}}}},
        "as a variable's name": {**right, "consumers": {"c": {**consumer, "env": {key: "x"}}}},
        "as a key of a consumer": {**right, "consumers": {"c": {**consumer, "keys": [key]}}},
        "as the stack's fields": {**right, key: key},
        "as the key of Claude Code": {**right, "claudeCode": {"route": key, "key": key}},
        "deep in a list": {**right, "operators": [[[key]]]},
    }


@pytest.mark.parametrize("place", list(_everywhere("")))
@pytest.mark.parametrize("kind", ["anthropic", "random"])
def test_a_pasted_key_is_refused_everywhere_and_repeated_nowhere(
    place: str, kind: str, fake_key: str
) -> None:
    key = fake_key if kind == "anthropic" else "Zq7" + secrets.token_hex(24)
    values = _everywhere(key)[place]
    fits_there = ("as a secret's name", "as a format", "as a variable", "as a variable's name")
    if kind == "random" and place in fits_there:
        assert parse_catalogue(values, "prod"), "nobody can tell it from a name or a text"
        return
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(values, "prod")
    assert key[3:30] not in str(caught.value) + repr(caught.value.problems)


def test_a_pasted_key_is_reported_once_with_what_to_do(
    mistakes_of: Callable[..., list[str]], fake_key: str
) -> None:
    assert mistakes_of(f"consumers: {{chat: {{env: {{ANTHROPIC_MODEL: {fake_key}}}}}}}") == [
        "consumers.chat.env.ANTHROPIC_MODEL: found a key-like value (hidden); allowed: no key or token in a "
        "configuration; store it with `keyplan put`, and revoke it if others saw this file"
    ]


def test_a_key_that_could_be_a_name_is_refused_as_one(mistakes_of: Callable[..., list[str]]) -> None:
    name = "AKIA" + "ABCDEFGH" * 2
    assert mistakes_of(f"consumers: {{chat: {{env: {{{name}: x}}}}}}") == [
        "consumers.chat.env.a key-like value (hidden): found a key-like value (hidden) as a "
        "name; allowed: no key or "
        "token in a configuration; store it with `keyplan put`, and revoke it if others saw this file"
    ]


def test_text_in_the_format_of_a_generic_key_is_refused_in_plain_variables(
    mistakes_of: Callable[..., list[str]],
) -> None:
    key = "rk-" + "0123456789abcdef" + "01234567"
    change = f"consumers: {{chat: {{env: {{A: {key}, B: rk-0123}}}}}}"
    assert mistakes_of(change) == [
        "consumers.chat.env.A: found a value in the format of the key router (hidden); "
        "allowed: no key in plain text; store it with `keyplan put`"
    ]


def test_a_key_in_text_that_is_not_yaml_is_not_repeated(tmp_path: Path, fake_key: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: keyplan\nruntime: python\n")
    for text in (f"a: *{fake_key}", f"{fake_key}: [", f"a: !{fake_key} b", f"a: {{secure: {fake_key}}}"):
        (tmp_path / "Pulumi.prod.yaml").write_text(text)
        with pytest.raises(CatalogueError) as caught:
            load_catalogue(tmp_path, "prod")
        assert fake_key[8:] not in str(caught.value)
