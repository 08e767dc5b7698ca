"""A road to a vendor's world on this machine, and the manifests that lead there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from keyplan.manifest.model import Manifest, ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.vendors.road import VendorRoad
from keyplan.vendors.verdicts import Answer
from sandbox.vendor_server import Kind, VendorServer, VendorWorld
from tests.command.environments import manifest_document

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/anthropic-api-key-AbCdEf"
NOBODY = "http://127.0.0.1:9"  # the store of these manifests is never asked
KINDS = {
    "anthropic": Kind.API,
    "anthropic-admin": Kind.ADMIN,
    "gateway": Kind.GATEWAY,
    "generic": Kind.GENERIC,
}


def manifest_with(
    key: ManifestKey | None = None, *, vendor_url: str | None = None, store_url: str | None = NOBODY
) -> Manifest:
    """An environment whose store is the sandbox's, or with `store_url=None` AWS itself."""
    document = manifest_document("dev", NOBODY, {"anthropic": ARN})
    if store_url is None:
        document["clouds"]["aws"]["endpoints"] = {}
    manifest = Manifest.from_json(document)
    if vendor_url is not None:  # past the document's own rules, which refuse a part of these
        manifest = replace(manifest, vendor_endpoints={"anthropic": vendor_url})
    return manifest if key is None else replace(manifest, keys={key.name: key})


def key_of(vendor: str = "anthropic", **more: Any) -> ManifestKey:
    """A key of the catalogue."""
    return replace(manifest_with().keys["anthropic"], vendor=vendor, **more)


def key_at(server: VendorServer, vendor: str, **more: Any) -> ManifestKey:
    """A key of a vendor that the server plays."""
    urls: dict[str, dict[str, str]] = {
        "gateway": {"base_url": server.gateway_url},
        "generic": {"check_url": server.check_url},
    }
    return key_of(vendor, **{**urls.get(vendor, {}), **more})


class Way:
    """A road with what it said and how long it wanted to wait."""

    def __init__(
        self,
        vendor_url: str | None,
        *,
        store_url: str | None = NOBODY,
        trusted: frozenset[str] = frozenset(),
        timeout_seconds: float = 20.0,
        environ: Mapping[str, str] | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self.lines: list[str] = []
        self.waits: list[float] = []
        self.road = VendorRoad(
            manifest or manifest_with(vendor_url=vendor_url, store_url=store_url),
            trusted,
            timeout_seconds,
            self.lines.append,
            environ or {},
            self.waits.append,
        )


def new_value(world: VendorWorld, vendor: str = "anthropic", **more: Any) -> SecretValue:
    """The value of a new key."""
    return SecretValue(world.create_key("dev-chat-api-key", kind=KINDS[vendor], **more).value)


def asked(server: VendorServer, value: SecretValue, vendor: str = "anthropic", **fields: str) -> Answer:
    """The answer about a value where it belongs."""
    way = Way(server.url)
    return way.road.ask(key_at(server, vendor, **fields), value, key_at(server, vendor).url)


class RawServer:
    """A server whose every answer is written byte by byte by the test."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.seen: list[str] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                seen.append(self.path)
                answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()
