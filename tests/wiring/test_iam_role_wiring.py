"""The text for a place that has a role already: the role, and references in place of values."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.conftest import ACCOUNT, REGION
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

REFERENCE = {
    "ANTHROPIC_API_KEY_SECRET_ARN": (
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/anthropic-api-key-AbC12d"
    )
}


def with_env(manifest: Manifest, env: dict[str, str]) -> Manifest:
    """The manifest with these plain variables for `reports`."""
    return replace(manifest, consumers={"reports": replace(manifest.consumers["reports"], env=env)})


def test_it_names_the_role_and_where_each_key_is(manifest: Manifest) -> None:
    assert json.loads(wire(manifest, "reports", "iam-role")) == {
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/prod-reports-reader",
        "environment": {"ANTHROPIC_MODEL": "claude-haiku-4-5", **REFERENCE},
    }


@given(env=VARIABLES)
@MANY
def test_plain_variables_are_read_back_exactly(manifest: Manifest, env: dict[str, str]) -> None:
    text = wire(with_env(manifest, env), "reports", "iam-role")
    assert json.loads(text)["environment"] == {**env, **REFERENCE}


def test_a_nul_character_is_refused_and_not_shown(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="the variable TEXT of reports cannot be written: a NUL"):
        wire(with_env(manifest, {"TEXT": "a\0b"}), "reports", "iam-role")


def test_a_plain_variable_in_a_references_place_is_an_error(manifest: Manifest) -> None:
    with pytest.raises(ManifestError, match="two variables of the name ANTHROPIC_API_KEY_SECRET_ARN"):
        wire(with_env(manifest, {"ANTHROPIC_API_KEY_SECRET_ARN": "x"}), "reports", "iam-role")


def test_a_consumer_without_a_role_is_refused(manifest: Manifest) -> None:
    entry = replace(manifest.consumers["reports"], role_arn=None)
    with pytest.raises(ManifestError, match="the consumer reports has no role"):
        wire(replace(manifest, consumers={"reports": entry}), "reports", "iam-role")
