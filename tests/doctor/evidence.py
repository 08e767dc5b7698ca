"""What is found by following the settings of a made-up machine, for findings that hang on it."""

from __future__ import annotations

import base64
import json

# The findings that no setting alone can bring: each has its test in test_doctor_logins, test_doctor_symptoms
# or test_doctor_network.
OF_EVIDENCE = {
    "api-route",
    "aws-login",
    "aws-profile",
    "azure-login",
    "certificate",
    "certificates-file",
    "clock-skew",
    "google-login",
    "identity-token-expired",
    "identity-token-unusable",
    "login-expired",
    "not-trusted",
    "profile-missing",
    "unreachable",
}
NOW = 1_800_000_000.0


def token(expires_at: float | None) -> str:
    """A JSON Web Token that is signed by nobody, with a canary in each part."""
    claims = {"sub": "canary"} if expires_at is None else {"sub": "canary", "exp": int(expires_at)}
    parts = ({"alg": "RS256", "kid": "canary"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, "canary"))
