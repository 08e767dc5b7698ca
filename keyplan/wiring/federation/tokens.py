"""What every runtime needs to know of identity tokens: what they are for, how long, and what wins over them.

Anthropic takes a token that has an id (`jti`) once: who trades the same one again is refused. So the file of
a pod has to be new when the client trades again, and several programs cannot share one token.

Source: Claude API, "WIF reference" (variables, precedence, an identity token lives an hour at most) and "Use
WIF with Kubernetes" (platform.claude.com/docs/en/manage-claude); that a token is taken once:
base-action/src/workload-identity.ts of anthropics/claude-code-action v1; checked 2026-11-21.
"""

from __future__ import annotations

import re

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import ManifestConsumer
from keyplan.routes import Route
from keyplan.vendors import anthropic

TOKEN_FOLDER = "/var/run/secrets/anthropic.com"  # noqa: S105 - as Anthropic's documents call it
TOKEN_FILE = f"{TOKEN_FOLDER}/token"
TOKEN_SECONDS = 3600  # the most that an issuer is given at Anthropic, unless somebody sets it otherwise
_AUDIENCE = re.compile(r"[A-Za-z0-9._~:/?@+=%,-]+")  # of a word in shells, JSON and YAML alike
WRITE_AGAIN = "run `pulumi up` or `make sandbox` again: they write a manifest that is right"


def audience_of(consumer: ManifestConsumer) -> str | None:
    """What the consumer's identity token has to be for; None where its route is another.

    Raises:
        ManifestError: the route is federation, and the manifest does not say it.
        UsageError: it has a character that some place would read as something else.
    """
    if consumer.route != Route.FEDERATION:
        return None
    if consumer.identity_audience is None:
        raise ManifestError(
            f"consumers.{consumer.name}.identityAudience: it is missing, and federation needs it",
            WRITE_AGAIN,
        )
    if _AUDIENCE.fullmatch(consumer.identity_audience) is None:
        raise UsageError(
            f"the audience of {consumer.name} has a character that no address has",
            "change `audience` of routes.federation, here and in the federation rule",
        )
    return consumer.identity_audience


def before_federation(consumer: ManifestConsumer) -> tuple[str, ...]:
    """The variables to unset, without those that the consumer has on purpose."""
    return tuple(name for name in sorted(anthropic.BEFORE_FEDERATION) if name not in consumer.env)
