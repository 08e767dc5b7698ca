"""Where the commands act: moto as the sandbox corrects it, or a fake AWS that answers what a test says."""

from __future__ import annotations

import copy
import logging
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.command.environments import ACCOUNT, REGION, Environment, manifest_document
from tests.command.fake_aws import FakeAws, make_certificate
from tests.moto_classes import corrected_moto
from tests.moto_server import moto_server


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """A moto server for this test process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with corrected_moto(), moto_server() as address:
        yield address


@pytest.fixture
def new_environment(moto_url: str, tmp_path: Path) -> Callable[..., Environment]:
    """Makes an environment with these keys, whose secrets are there and empty."""

    def make(*keys: str) -> Environment:
        name = f"t{uuid.uuid4().hex[:8]}"
        client = boto3.client(
            "secretsmanager",
            region_name=REGION,
            endpoint_url=moto_url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        arns = {key: client.create_secret(Name=f"{name}/{key}-api-key")["ARN"] for key in keys}
        environment = Environment(name, manifest_document(name, moto_url, arns), tmp_path, client)
        environment.save()
        return environment

    return make


@pytest.fixture
def environment(new_environment: Callable[..., Environment]) -> Environment:
    """Two keys, no values."""
    return new_environment("anthropic", "openrouter")


@pytest.fixture
def document() -> dict[str, Any]:
    """A manifest of an environment that is nowhere."""
    arns = {
        name: f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:dev/{name}-api-key-AbCdEf"
        for name in ("anthropic", "openrouter")
    }
    return copy.deepcopy(manifest_document("dev", "http://127.0.0.1:1", arns))


@pytest.fixture
def fake_aws() -> Iterator[FakeAws]:
    """An endpoint that answers what the test says."""
    server = FakeAws()
    yield server
    server.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    return make_certificate(tmp_path)


@pytest.fixture
def fake_aws_tls(certificate: tuple[Path, Path]) -> Iterator[FakeAws]:
    """The same behind TLS: for keyplan not a sandbox."""
    server = FakeAws(certificate)
    yield server
    server.close()


@pytest.fixture
def at(document: dict[str, Any], tmp_path: Path) -> Callable[[str], Environment]:
    """Makes the environment `dev`, keys anthropic and openrouter, whose store is at this URL."""

    def make(url: str) -> Environment:
        document["clouds"]["aws"]["endpoints"] = {"secretsmanager": url, "sts": url}
        environment = Environment("dev", document, tmp_path)
        environment.save()
        return environment

    return make
