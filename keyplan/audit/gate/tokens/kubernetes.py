"""Tokens of service accounts of EKS.

Source: EKS User Guide, "IAM roles for service accounts" (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.audit.gate.tokens.token import FOREIGN, LOOSE, STRANGER, STS, Built, Claims, Settings, Token


def tokens(settings: Settings) -> Built:
    """The issuer, the audience, and examples of tokens. KeyError: the settings lack something."""
    namespace, account = settings["namespace"], settings["serviceAccount"]

    def token(of: str, name: str) -> Claims:
        return {"sub": f"system:serviceaccount:{of}:{name}"}

    return settings["oidcIssuer"], STS, [
        Token(token(namespace, account)),
        Token(token(namespace, STRANGER), LOOSE, "another service account"),
        Token(token(STRANGER, account), FOREIGN, "another namespace"),
    ]  # fmt: skip
