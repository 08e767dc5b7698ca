"""One in-process moto server for a test process, emptied before every test."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.builtin.providers import Providers
from sandbox.provider import Provider
from sandbox.provider.cloud import ENDPOINT_NAMES
from tests.forked.programs import forking_programs
from tests.moto_server import moto_server
from tests.sandbox_builtin.stack import Stack

REGION = "eu-west-1"


@pytest.fixture(scope="session")
def moto_address() -> Iterator[str]:
    """The server's address. Its thread ends with the process."""
    with moto_server() as address:
        yield address


@pytest.fixture
def cloud_address(moto_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty cloud; a proxy of the user's that must not matter."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    reset = urllib.request.Request(f"{moto_address}/moto-api/reset", method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(reset, timeout=30).close()
    return moto_address


@pytest.fixture(scope="session")
def all_endpoints(moto_address: str) -> str:
    """The setting `aws:endpoints`, as JSON text."""
    return json.dumps([dict.fromkeys(sorted(ENDPOINT_NAMES), moto_address)])


@pytest.fixture(scope="session")
def shared_provider(all_endpoints: str) -> Provider:
    """One provider for all tests: making boto3 clients takes longer than most tests."""
    provider = Provider()
    provider.configure({"region": REGION, "endpoints": all_endpoints, "accessKey": "any"})
    return provider


@pytest.fixture
def endpoints(cloud_address: str, all_endpoints: str) -> str:
    """The setting `aws:endpoints` of an empty cloud."""
    return all_endpoints


@pytest.fixture
def provider(cloud_address: str, shared_provider: Provider) -> Provider:
    """A provider of an empty cloud."""
    return shared_provider


@pytest.fixture
def aws(provider: Provider) -> Any:
    """`aws("iam")` gives a client, to look at the cloud past the provider."""
    return provider.cloud.client


@pytest.fixture
def stack(endpoints: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A project without a program yet. Its cloud is awake already, which saves nine clients a test."""
    monkeypatch.setattr(Providers, "prepare", lambda self: None)
    for name, text in forking_programs(tmp_path).items():
        monkeypatch.setenv(name, text)
    return Stack(tmp_path, endpoints)
