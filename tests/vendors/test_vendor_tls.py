"""Vendors over TLS, with the certificates and the proxy of the user's environment."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyplan.errors import UsageError
from keyplan.vendors.verdicts import Answer, Verdict
from sandbox.vendor_server import VendorServer, VendorWorld, serve
from tests.vendors.asking import Way, key_of, new_value
from tests.vendors.secure import Authority, Proxy

NO_ANSWER = "no answer from the Claude API: "


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secure(world: VendorWorld, authority: Authority) -> Iterator[VendorServer]:
    with serve(world, certificates=authority.server_context()) as listening:
        yield listening


def asked(secure: VendorServer, world: VendorWorld, environ: dict[str, str]) -> Answer:
    way = Way(secure.url, store_url=None, trusted=frozenset({"127.0.0.1"}), environ=environ)
    return way.road.ask(key_of(), new_value(world))


def test_a_certificate_that_nobody_vouches_for_gets_no_value(
    world: VendorWorld, secure: VendorServer
) -> None:
    answer = asked(secure, world, {})
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.words == (
        f"{NO_ANSWER}its certificate is not trusted; a proxy that inspects traffic needs REQUESTS_CA_BUNDLE"
    )
    assert len(world.requests) == 0


def test_the_bundle_of_the_environment_is_trusted(
    world: VendorWorld, secure: VendorServer, authority: Authority
) -> None:
    answer = asked(secure, world, {"REQUESTS_CA_BUNDLE": str(authority.file)})
    assert answer.verdict is Verdict.ALIVE


def test_the_certificates_of_openssls_own_variable_are_trusted(
    world: VendorWorld, secure: VendorServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert asked(secure, world, {}).verdict is Verdict.ALIVE


def test_a_bundle_that_does_not_exist_is_named(world: VendorWorld, secure: VendorServer) -> None:
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE names does not exist"):
        asked(secure, world, {"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"})


def test_a_bundle_without_certificates_is_no_reason_to_ask_without_any(
    world: VendorWorld, secure: VendorServer, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("not a certificate")
    answer = asked(secure, world, {"REQUESTS_CA_BUNDLE": str(bundle)})
    assert answer.words == f"{NO_ANSWER}the file of certificates cannot be used"
    assert len(world.requests) == 0


def test_a_certificate_of_another_name_gets_no_value(
    world: VendorWorld, secure: VendorServer, authority: Authority
) -> None:
    host = "vendor.example"
    with Proxy() as proxy:
        environ = {
            "REQUESTS_CA_BUNDLE": str(authority.file),
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}",
        }
        url = f"https://{host}:{secure.port}"
        way = Way(url, store_url=None, trusted=frozenset({host}), environ=environ)
        answer = way.road.ask(key_of(), new_value(world))
    assert "its certificate is not trusted" in answer.words
    assert len(world.requests) == 0


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_tunnels_and_sees_no_value(
    world: VendorWorld, secure: VendorServer, authority: Authority, variable: str
) -> None:
    with Proxy() as proxy:
        environ = {
            "REQUESTS_CA_BUNDLE": str(authority.file),
            variable: f"http://user:pass%40word@127.0.0.1:{proxy.port}",
        }
        answer = asked(secure, world, environ)
    assert answer.verdict is Verdict.ALIVE
    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{secure.port} ")
    assert f"Basic {b64encode(b'user:pass@word').decode()}" in proxy.heads[0]
    assert "sk-ant-" not in proxy.heads[0]


def test_a_host_of_no_proxy_is_asked_directly(
    world: VendorWorld, secure: VendorServer, authority: Authority
) -> None:
    with Proxy() as proxy:
        environ = {
            "REQUESTS_CA_BUNDLE": str(authority.file),
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}",
            "NO_PROXY": "example.com, 127.0.0.1",
        }
        assert asked(secure, world, environ).verdict is Verdict.ALIVE
    assert proxy.heads == []


def test_a_proxy_that_refuses_is_named_as_the_one_who_did(world: VendorWorld, secure: VendorServer) -> None:
    with Proxy(refuses_with=407) as proxy:
        answer = asked(secure, world, {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})
    assert answer.words == f"{NO_ANSWER}the proxy does not let it through (HTTP 407)"
    assert len(proxy.heads) == 1


def test_the_sandbox_is_asked_without_the_users_proxy(world: VendorWorld, server: VendorServer) -> None:
    way = Way(server.url, environ={"HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"})
    assert way.road.ask(key_of(), new_value(world)).verdict is Verdict.ALIVE
