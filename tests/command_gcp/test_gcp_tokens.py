"""Whose token a request carries: each kind of credential against servers of this process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from keyplan.endpoints import Endpoint
from keyplan.errors import KeyplanError, StoreError, Unreachable, UsageError
from keyplan.http.opening import proxy_to
from keyplan.stores.gcp_access import Access
from keyplan.stores.gcp_adc import access_from_file
from keyplan.stores.gcp_caller import NOT_NAMED, member_of
from keyplan.stores.gcp_errors import Place, Subject
from keyplan.stores.gcp_tokens import find_access

SUBJECT = Subject(Place("prod", "example", None), "secretmanager.versions.access")


class Provider:
    """A server that answers requests for tokens as a test says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, list[str]]]] = []
        self.status = 200
        self.body: Any = {"access_token": "ya29.made-up", "expires_in": 3600, "token_type": "Bearer"}
        self.headers = {"Metadata-Flavor": "Google"}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # http.server's name
                self.do_POST()

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                provider.asked.append((self.path, dict(self.headers), parse_qs(content.decode())))
                text = provider.body
                answer = (text if isinstance(text, str) else json.dumps(text)).encode()
                if self.path.endswith("/email"):
                    answer = b"web@example.iam.gserviceaccount.com"
                self.send_response(provider.status)
                for name, value in provider.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.server.shutdown()
    running.server.server_close()


def find(environ: dict[str, str], endpoint: Endpoint | None = None) -> Access:
    return find_access(endpoint, SUBJECT, lambda _text: None, environ, time.monotonic() + 20)


def from_file(path: Path, info: object) -> Access:
    path.write_text(info if isinstance(info, str) else json.dumps(info))
    return access_from_file(str(path), SUBJECT, {}, time.monotonic() + 20)


def person(provider: Provider) -> dict[str, str]:
    """As `gcloud auth application-default login` writes it."""
    return {
        "type": "authorized_user",
        "client_id": "made-up.apps.googleusercontent.com",
        "client_secret": "made-up-secret",
        "refresh_token": "1//made-up-refresh",
        "account": "ada@example.com",
        "token_uri": provider.url,
    }


def test_a_sandbox_gets_a_made_up_member_whatever_the_user_has() -> None:
    sandbox = Endpoint("secretmanager", "http://127.0.0.1:1", "gcp")
    environ = {"CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.own"}
    access = find(environ, sandbox)
    assert (access.token, access.member) == ("sandbox:user:admin@example.com", "user:admin@example.com")
    access = find({"KEYPLAN_SANDBOX_MEMBER": "user:b@example.com?group=g@example.com"}, sandbox)
    assert access.token == "sandbox:user:b@example.com?group=g@example.com"
    assert access.member == "user:b@example.com"


def test_a_token_in_a_variable_is_used_first() -> None:
    assert find({"CLOUDSDK_AUTH_ACCESS_TOKEN": "a", "GOOGLE_OAUTH_ACCESS_TOKEN": "b"}).token == "a"
    assert find({"GOOGLE_OAUTH_ACCESS_TOKEN": "b", "GOOGLE_APPLICATION_CREDENTIALS": "/x"}).token == "b"


@pytest.mark.parametrize("token", ["a\r\nX-Other: b", "two words", "über"])
def test_what_would_be_another_header_is_no_token_and_is_not_repeated(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        find({"CLOUDSDK_AUTH_ACCESS_TOKEN": token})
    assert token not in caught.value.message


def test_a_persons_file_takes_one_request_and_no_library(provider: Provider, tmp_path: Path) -> None:
    access = from_file(tmp_path / "adc.json", person(provider))
    assert (access.token, access.member) == ("ya29.made-up", "user:ada@example.com")
    ((_, _, form),) = provider.asked
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["1//made-up-refresh"])


def test_a_login_that_has_expired_is_told_with_the_command_that_renews_it(
    provider: Provider, tmp_path: Path
) -> None:
    provider.status, provider.body = (
        400,
        {"error": "invalid_grant", "error_description": "1//made-up-refresh"},
    )
    with pytest.raises(StoreError, match="have expired, or were revoked") as caught:
        from_file(tmp_path / "adc.json", person(provider))
    assert (caught.value.hint or "").startswith("gcloud auth application-default login")
    assert "made-up" not in caught.value.message


def test_a_service_accounts_key_becomes_a_token_by_google_auth(provider: Provider, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    email = "web@example.iam.gserviceaccount.com"
    access = from_file(
        tmp_path / "key.json",
        {
            "type": "service_account",
            "client_email": email,
            "private_key": pem.decode(),
            "private_key_id": "1",
            "token_uri": provider.url,
        },
    )
    assert (access.token, access.member) == ("ya29.made-up", f"serviceAccount:{email}")
    ((_, _, form),) = provider.asked
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]


def federated(provider: Provider, tmp_path: Path) -> dict[str, Any]:
    """As google-github-actions/auth writes it, with the runner's token in a file."""
    (tmp_path / "id-token").write_text("header.made-up.signature")
    pool = "projects/1/locations/global/workloadIdentityPools/keyplan-prod"
    return {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{pool}/providers/ci-evals",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": provider.url,
        "credential_source": {"file": str(tmp_path / "id-token")},
    }


def test_a_federated_identity_becomes_a_token_by_google_auth(provider: Provider, tmp_path: Path) -> None:
    provider.body["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token"
    access = from_file(tmp_path / "federated.json", federated(provider, tmp_path))
    assert (access.token, access.member) == ("ya29.made-up", "federated:keyplan-prod/ci-evals")
    ((_, _, form),) = provider.asked
    assert form["subject_token"] == ["header.made-up.signature"]


def test_a_pool_that_does_not_take_the_identity_is_told_as_that(provider: Provider, tmp_path: Path) -> None:
    provider.status = 400
    provider.body = {
        "error": "unauthorized_client",
        "error_description": "rejected by the attribute condition",
    }
    with pytest.raises(StoreError, match="the workload identity pool does not take this identity"):
        from_file(tmp_path / "federated.json", federated(provider, tmp_path))


BROKEN = {"no JSON": "{", "no object": "[]", "no type": "{}", "no field": {"type": "service_account"}}


@pytest.mark.parametrize("info", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_is_none_is_told_and_not_shown(info: object, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the file of Google Cloud credentials"):
        from_file(tmp_path / "adc.json", info)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        find({"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")})


def test_a_provider_that_is_down_is_told_as_that(provider: Provider, tmp_path: Path) -> None:
    for status in (500, 503, 429):
        provider.status = status
        with pytest.raises(Unreachable):
            from_file(tmp_path / "adc.json", person(provider))


def test_the_metadata_server_gives_the_machines_token(provider: Provider, tmp_path: Path) -> None:
    access = find({"GCE_METADATA_HOST": provider.host, "CLOUDSDK_CONFIG": str(tmp_path)})
    assert access.token == "ya29.made-up"
    assert access.member == "serviceAccount:web@example.iam.gserviceaccount.com"
    assert [headers["Metadata-Flavor"] for _, headers, _ in provider.asked] == ["Google", "Google"]


def test_what_is_no_metadata_server_is_not_believed(provider: Provider, tmp_path: Path) -> None:
    provider.headers = {}
    with pytest.raises(StoreError, match="there are no Google Cloud credentials"):
        find({"GCE_METADATA_HOST": provider.host, "CLOUDSDK_CONFIG": str(tmp_path)})


def test_no_credentials_at_all_are_told_with_the_command_that_makes_some(tmp_path: Path) -> None:
    with pytest.raises(KeyplanError) as caught:
        find({"NO_GCE_CHECK": "true", "CLOUDSDK_CONFIG": str(tmp_path)})
    assert (caught.value.hint or "").startswith("gcloud auth application-default login")


def test_whose_token_it_is_is_asked_in_a_body_that_no_log_has(provider: Provider) -> None:
    provider.body = {"email": "ada@example.com", "scope": "x"}
    assert member_of("ya29.x", {}, time.monotonic() + 20, provider.url) == "user:ada@example.com"
    ((path, _, form),) = provider.asked
    assert (path, form) == ("/", {"access_token": ["ya29.x"]})
    provider.body = {"email": "web@example.iam.gserviceaccount.com"}
    assert member_of("x", {}, time.monotonic() + 20, provider.url).startswith("serviceAccount:web@")


def test_a_token_that_google_does_not_name_stops_nothing(provider: Provider) -> None:
    for status, body in ((400, {"error": "invalid_token"}), (200, "no JSON"), (200, {"email": 7}), (200, [])):
        provider.status, provider.body = status, body
        assert member_of("x", {}, time.monotonic() + 20, provider.url) == NOT_NAMED


PROXIES: dict[str, tuple[dict[str, str], tuple[str, int, str | None] | None]] = {
    "none": ({}, None),
    "one": ({"HTTPS_PROXY": "http://proxy.example.com:3128"}, ("proxy.example.com", 3128, None)),
    "without a scheme": ({"https_proxy": "proxy.example.com:3128"}, ("proxy.example.com", 3128, None)),
    "with a user": ({"ALL_PROXY": "http://a:b@proxy.example.com"}, ("proxy.example.com", 80, "Basic YTpi")),
    "not for this host": ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x.org,.googleapis.com"}, None),
    "not for any": ({"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, None),
}


@pytest.mark.parametrize(("environ", "expected"), PROXIES.values(), ids=PROXIES.keys())
def test_the_users_proxy_counts(
    environ: dict[str, str], expected: tuple[str, int, str | None] | None
) -> None:
    found = proxy_to("secretmanager.googleapis.com", environ)
    assert (found and (found.host, found.port, found.authorization)) == expected


@pytest.mark.parametrize("url", ["https://proxy:1", "socks5://proxy:1", "http://proxy:port", "http://"])
def test_a_proxy_of_another_kind_is_told_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError, match=r"the proxy of HTTPS_PROXY is not one"):
        proxy_to("secretmanager.googleapis.com", {"HTTPS_PROXY": url})
