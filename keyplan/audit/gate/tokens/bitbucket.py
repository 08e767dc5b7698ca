"""Tokens of Bitbucket Pipelines.

Source: Atlassian "Integrate Pipelines with resource servers using OIDC" (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.audit.gate.tokens.token import FOREIGN, LOOSE, UUID, Built, Claims, Settings, Token
from keyplan.ci_settings import BitbucketSettings


def tokens(settings: Settings) -> Built:
    """The issuer, the audience, and examples of tokens. KeyError: the settings lack something."""
    place = BitbucketSettings(
        settings["workspace"], settings["workspaceId"], settings["repositoryId"], None, None, ()
    )

    def token(repository: str, environment: str | None) -> Claims:
        within = "" if environment is None else f"{{{environment}}}:"
        return {"sub": f"{{{repository}}}:{within}{{{UUID}}}"}

    ours, environment = settings["repositoryId"], settings["environmentId"]
    return place.issuer, place.audience, [
        Token(token(ours, environment)),
        Token(token(ours, None), LOOSE, "a step without its environment"),
        Token(token(ours, UUID), LOOSE, "another environment"),
        Token(token(UUID, environment), FOREIGN, "another repository"),
        Token(token(UUID, None), FOREIGN, "another repository"),
    ]  # fmt: skip
