"""Tokens of Pulumi Deployments.

Source: Pulumi "OIDC Setup for Pulumi Deployments" (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.audit.gate.tokens.token import FOREIGN, LOOSE, STRANGER, Built, Claims, Settings, Token, texts


def tokens(settings: Settings) -> Built:
    """The issuer, the audience, and examples of tokens. KeyError: the settings lack something."""
    organization, project, stack = settings["organization"], settings["project"], settings["stack"]
    operations = texts(settings, "operations")

    def token(operation: str, **changes: str) -> Claims:
        where = {"organization": organization, "project": project, "stack": stack} | changes
        return {
            "sub": f"pulumi:deploy:org:{where['organization']}:project:{where['project']}:stack:"
            f"{where['stack']}:operation:{operation}:scope:write"
        }

    found = [Token(token(each)) for each in operations]
    found += [
        Token(token(each), LOOSE, f"its {each}")
        for each in ("preview", "update", "refresh", "destroy")
        if each not in operations
    ]
    for what in ("organization", "project", "stack"):
        found.append(Token(token(operations[0], **{what: STRANGER}), FOREIGN, f"another {what}"))
        longer = f"{settings[what]}-{STRANGER}"
        found.append(Token(token(operations[0], **{what: longer}), FOREIGN, f"another {what}"))
    return "https://api.pulumi.com/oidc", organization, found
