"""Environments on Google Cloud, and on both clouds, and the real command to act on them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command.conftest import certificate, fake_aws, moto_url, new_environment
from tests.command.environments import Environment, manifest_document, on_both_clouds
from tests.command_gcp.gcp_lives import Life
from tests.command_gcp.google import Google, google_cloud, make_secrets, without_aws

__all__ = ["certificate", "fake_aws", "moto_url", "new_environment"]


@pytest.fixture
def google() -> Iterator[Google]:
    """A Google Cloud of this test's own."""
    with google_cloud() as running:
        yield running


@pytest.fixture
def on_google(google: Google, tmp_path: Path) -> Environment:
    """Two keys on Google Cloud alone, no values."""
    name = f"t{uuid.uuid4().hex[:8]}"
    arns = {
        key: f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}/{key}-api-key-AbCdEf"
        for key in ("anthropic", "openrouter")
    }
    document = on_both_clouds(manifest_document(name, "http://127.0.0.1:1", arns), google.url)
    directory = tmp_path / "on_google"
    directory.mkdir()
    environment = Environment(name, without_aws(document), directory)
    make_secrets(google, environment)
    environment.save()
    return environment


@pytest.fixture
def on_both(google: Google, new_environment: Callable[..., Environment]) -> Environment:
    """Two keys on both clouds, no values."""
    environment = new_environment("anthropic", "openrouter")
    environment.document = on_both_clouds(environment.document, google.url)
    make_secrets(google, environment)
    environment.save()
    return environment


@pytest.fixture
def life(on_google: Environment, google: Google) -> Life:
    """The first of them, as an operator who may not read sees it."""
    return Life(on_google, google)
