"""One in-process moto server and one plugin of each kind for a test process."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.provider.cloud import ENDPOINT_NAMES
from tests.moto_server import moto_server
from tests.sandbox_plugins.engine_side import Engine
from tests.sandbox_plugins.plugin_process import started

REGION = "eu-west-1"
NO_RETRIES = Config(retries={"total_max_attempts": 1}, proxies={})


@pytest.fixture(scope="session")
def moto_address() -> Iterator[str]:
    """The server's address. Its thread ends with the process."""
    with moto_server() as address:
        yield address


@pytest.fixture(scope="session")
def endpoints(moto_address: str) -> str:
    """The setting `aws:endpoints`, as the engine passes it on: JSON text."""
    return json.dumps([dict.fromkeys(sorted(ENDPOINT_NAMES), moto_address)])


@pytest.fixture(scope="session")
def shared_engine(endpoints: str) -> Iterator[Engine]:
    """A configured plugin for all tests that do not end it."""
    with started("aws") as plugin, plugin.channel() as channel:
        engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel))
        engine.configure(region=REGION, endpoints=endpoints, version="7.51.1")
        yield engine


@pytest.fixture
def engine(shared_engine: Engine, moto_address: str) -> Engine:
    """The configured plugin, over an empty cloud."""
    reset = urllib.request.Request(f"{moto_address}/moto-api/reset", method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(reset, timeout=30).close()
    return shared_engine


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """To look at the cloud past the plugin."""
    return boto3.Session("test", "test", region_name=REGION)


@pytest.fixture
def iam(session: boto3.Session, moto_address: str) -> object:
    return session.client("iam", endpoint_url=moto_address, config=NO_RETRIES)


@pytest.fixture
def secrets_manager(session: boto3.Session, moto_address: str) -> object:
    return session.client("secretsmanager", endpoint_url=moto_address, config=NO_RETRIES)
