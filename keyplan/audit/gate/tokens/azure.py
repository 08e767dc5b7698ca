"""Tokens of Azure Pipelines.

Source: docs/aws.md (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.audit.gate.tokens.token import FOREIGN, LOOSE, STRANGER, Built, Settings, Token
from keyplan.ci_settings import AzurePipelinesSettings


def tokens(settings: Settings) -> Built:
    """The issuer, the audience, and examples of tokens. KeyError: the settings lack something."""
    organization, project = settings["organization"], settings["project"]
    connection = settings["serviceConnection"]
    place = AzurePipelinesSettings(
        settings["organizationId"], organization, project, connection, None, None, ()
    )
    return place.issuer, "api://AzureADTokenExchange", [
        Token({"sub": f"sc://{organization}/{project}/{connection}"}),
        Token({"sub": f"sc://{organization}/{project}/{STRANGER}"}, LOOSE, "another service connection"),
        Token({"sub": f"p://{organization}/{project}/{STRANGER}"}, LOOSE, "any pipeline of its project"),
        Token({"sub": f"sc://{organization}/{STRANGER}/{connection}"}, FOREIGN, "another project"),
        Token({"sub": f"sc://{organization}/{project}-{STRANGER}/{connection}"}, FOREIGN, "another project"),
        Token({"sub": f"p://{organization}/{STRANGER}/{STRANGER}"}, FOREIGN, "another project"),
    ]  # fmt: skip
