"""Tokens of other issuers: exchanged as the provider says, by google-auth too, and used to read a secret."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from google.auth import identity_pool
from google.auth.transport.requests import Request

from sandbox.gcp_server.access.identity import read_token

P = "/v1/projects/keyplan-sandbox"
NUMBER = "projects/123456789012"
POOLS = f"{P}/locations/global/workloadIdentityPools"
POOL = f"//iam.googleapis.com/{NUMBER}/locations/global/workloadIdentityPools/ci-jobs"
AUDIENCE = f"{POOL}/providers/web-actions"
ISSUER = "https://token.actions.githubusercontent.com"
CLAIMS = {
    "iss": ISSUER,
    "aud": f"https:{AUDIENCE}",
    "sub": "repo:acme/web:environment:prod",
    "repository_id": "42",
    "ref": "refs/heads/main",
    "event_name": "push",
}


def _token(**changes: Any) -> str:
    now = int(time.time())
    claims = {**CLAIMS, "iat": now, "exp": now + 600, **changes}
    parts = [{"alg": "RS256"}, {name: value for name, value in claims.items() if value is not None}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


@pytest.fixture(scope="module")
def provider(cloud: Any) -> str:
    """A pool with a provider for one repository's main branch, and a secret that it may read."""
    cloud.do("POST", f"{POOLS}?workloadIdentityPoolId=ci-jobs", {})
    body = {
        "oidc": {"issuerUri": ISSUER},
        "attributeMapping": {"google.subject": "assertion.sub", "attribute.web": "assertion.repository_id"},
        "attributeCondition": "assertion.repository_id == '42' && assertion.ref == 'refs/heads/main' "
        "&& !(assertion.event_name in ['pull_request', 'pull_request_target'])",
    }
    cloud.do("POST", f"{POOLS}/ci-jobs/providers?workloadIdentityPoolProviderId=web-actions", body)
    cloud.do("POST", f"{P}/secrets?secretId=for-ci", {"replication": {"automatic": {}}})
    cloud.do("POST", f"{P}/secrets/for-ci:addVersion", {"payload": {"data": "eA=="}})
    binding = {
        "role": "roles/secretmanager.secretAccessor",
        "members": [f"principalSet:{POOL}/attribute.web/42"],
    }
    cloud.do("POST", f"{P}/secrets/for-ci:setIamPolicy", {"policy": {"bindings": [binding]}})
    return "web-actions"


def _exchange(cloud: Any, token: str, audience: str = AUDIENCE) -> Any:
    body = {
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": audience,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "subjectToken": token,
    }
    return cloud.ask("POST", "/v1/token", body, member=None)


def test_a_token_of_the_right_job_reads_its_secret(cloud: Any, provider: str) -> None:
    answer = _exchange(cloud, _token())
    assert answer.status == 200
    identity = read_token(answer.body["access_token"])
    assert identity is not None
    assert identity.member == f"principal:{POOL}/subject/repo:acme/web:environment:prod"
    assert identity.attributes == {"web": "42"}
    header = {"Authorization": f"Bearer {answer.body['access_token']}"}
    path = f"{P}/secrets/for-ci/versions/latest:access"
    assert cloud.ask("GET", path, member=None, headers=header).status == 200


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"repository_id": "43"}, "unauthorized_client", "rejected by the attribute condition"),
        ({"ref": "refs/heads/other"}, "unauthorized_client", "rejected by the attribute condition"),
        ({"event_name": "pull_request"}, "unauthorized_client", "rejected by the attribute condition"),
        ({"ref": None}, "unauthorized_client", "rejected by the attribute condition"),
        ({"repository_id": 42}, "invalid_grant", "must be of type STRING"),
        ({"repository_id": None}, "invalid_grant", "could not be evaluated"),
        ({"iss": "https://example.com"}, "invalid_grant", "issuer"),
        ({"aud": "https://example.com"}, "invalid_grant", "audience"),
        ({"exp": 1}, "invalid_grant", "expired"),
        ({"exp": 32503680000}, "invalid_grant", "lifetime"),
        ({"sub": "x" * 128}, "invalid_grant", "127 bytes"),
    ],
)
def test_any_other_token_is_refused(
    cloud: Any, provider: str, changes: dict[str, Any], error: str, words: str
) -> None:
    answer = _exchange(cloud, _token(**changes))
    assert (answer.status, answer.body["error"]) == (400, error)
    assert words in answer.body["error_description"]


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.W10.c"])
def test_what_is_no_token_is_refused(cloud: Any, provider: str, token: str) -> None:
    assert _exchange(cloud, token).body["error"] == "invalid_grant"


def test_a_provider_that_does_not_exist_is_no_target(cloud: Any, provider: str) -> None:
    assert _exchange(cloud, _token(), AUDIENCE + "2").body["error"] == "invalid_target"
    assert _exchange(cloud, _token(), "https://example.com").body["error"] == "invalid_request"


def _credentials(cloud: Any, folder: Path, **more: Any) -> Any:
    (folder / "token").write_text(_token(), encoding="utf-8")
    information = {
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"http://127.0.0.1:{cloud.port}/v1/token",
        "credential_source": {"file": str(folder / "token")},
        "universe_domain": "googleapis.com",
        **more,
    }
    return identity_pool.Credentials.from_info(  # type: ignore[no-untyped-call]
        information, scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )


def test_google_auth_exchanges_the_token_by_itself(cloud: Any, provider: str, tmp_path: Path) -> None:
    credentials = _credentials(cloud, tmp_path)
    credentials.refresh(Request())  # type: ignore[no-untyped-call]
    identity = read_token(credentials.token)
    assert identity is not None
    assert identity.attributes == {"web": "42"}


def test_a_federated_identity_becomes_a_service_account_where_it_may(
    cloud: Any, provider: str, tmp_path: Path
) -> None:
    account = cloud.do("POST", f"{P}/serviceAccounts", {"accountId": "for-ci-jobs"})
    path = f"{P}/serviceAccounts/{account['email']}"
    url = (
        f"http://127.0.0.1:{cloud.port}/v1/projects/-/serviceAccounts/{account['email']}:generateAccessToken"
    )
    body = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    # Not even the owner of the project may, without a grant on the account.
    assert cloud.ask("POST", f"{path}:generateAccessToken", body).status == 403
    binding = {
        "role": "roles/iam.workloadIdentityUser",
        "members": [f"principalSet:{POOL}/attribute.web/42"],
    }
    cloud.do("POST", f"{path}:setIamPolicy", {"policy": {"bindings": [binding]}})
    credentials = _credentials(cloud, tmp_path, service_account_impersonation_url=url)
    credentials.refresh(Request())  # type: ignore[no-untyped-call]
    identity = read_token(credentials.token)
    assert identity is not None
    assert identity.member == f"serviceAccount:{account['email']}"
