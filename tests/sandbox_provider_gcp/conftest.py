"""The sandbox's own Google server, served in this process, and a provider of it; empty for every test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from werkzeug.serving import make_server

from sandbox.gcp_server.application import GoogleCloud as GoogleServer
from sandbox.gcp_server.world import PROJECT_ID, World
from sandbox.provider import Provider
from sandbox.provider.gcp.cloud import GoogleCloud, endpoint_settings
from sandbox.provider.packages import GCP
from sandbox.server.quiet import QuietRequestHandler

REGION = "europe-west1"


def _not_yet(environ: object, start_response: object) -> list[bytes]:
    """The application needs to know its port, which the server chooses."""
    return []


@pytest.fixture
def world() -> World:
    """Everything that the server has, to look at it and to change it past the provider."""
    return World()


@contextmanager
def serving(world: World) -> Iterator[tuple[str, GoogleServer]]:
    """The server of a world: its address and the application, whose world can be exchanged."""
    server = make_server("127.0.0.1", 0, _not_yet, threaded=True, request_handler=QuietRequestHandler)
    server.app = application = GoogleServer(world, server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", application
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def google_address(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The server's address; a proxy of the user's that must not matter."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(world) as (address, _):
        yield address


@pytest.fixture
def provider(google_address: str) -> Provider:
    """A provider of an empty project, with default labels."""
    provider = Provider()
    settings = {"project": PROJECT_ID, "region": REGION, **endpoint_settings(google_address)}
    provider.configure(settings, GCP)
    return provider


@pytest.fixture
def google(provider: Provider) -> GoogleCloud:
    """The same cloud without the provider, to look at it and to change it by hand."""
    cloud: GoogleCloud = provider.cloud_of(GCP)
    return cloud
