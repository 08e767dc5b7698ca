"""What every sample needs of a consumer: its route, its key, and how that comes to a program on its runtime.

Pure. A sample reads variables and files that the consumer's wiring sets; no value is in it, and none of the
consumer's own texts but names of variables, so that nothing has to be quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.routes import Route
from keyplan.wiring.consumers import REFERENCE_SUFFIX, claude_key, keys_of, plain_variables, text_setting
from keyplan.wiring.federation.tokens import audience_of

DEFAULT_MODEL = "claude-sonnet-4-6"
DEFAULT_MAX_TOKENS = 1024
PROVIDERS = (Route.BEDROCK, Route.VERTEX, Route.FOUNDRY)
BEDROCK_TOKEN, FOUNDRY_KEY = "AWS_BEARER_TOKEN_BEDROCK", "ANTHROPIC_FOUNDRY_API_KEY"


class From(Enum):
    """Where a program finds the value of its key, or its identity token."""

    VARIABLE = "variable"
    FILE = "file"  # whose path is in a variable
    SECRETS_MANAGER = "secrets manager"  # whose ARN is in a variable
    STS = "sts"  # an identity token of the role
    METADATA = "metadata"  # an identity token of the service account


@dataclass(frozen=True)
class Client:
    """A consumer's Claude client."""

    route: Route
    variable: str | None  # of its key; None on a route without one
    key_from: From
    token_from: From | None  # with federation; None where the SDK finds it in its variables
    audience: str
    region: str  # of AWS, where it reads or proves who it is
    has_timeout: bool  # whether ANTHROPIC_TIMEOUT_MS is among its variables

    @property
    def key_variable(self) -> str:
        """The variable that leads to its key: itself, a path, or an ARN."""
        suffix = {From.FILE: "_FILE", From.SECRETS_MANAGER: REFERENCE_SUFFIX}.get(self.key_from, "")
        return f"{self.variable}{suffix}"

    @property
    def reads_itself(self) -> bool:
        """Whether it asks Secrets Manager for its key."""
        return self.variable is not None and self.key_from is From.SECRETS_MANAGER

    @property
    def reads_file(self) -> bool:
        """Whether its key is in a file."""
        return self.variable is not None and self.key_from is From.FILE

    @property
    def by_entra(self) -> bool:
        """Whether it shows Foundry an identity of Entra ID in place of a key."""
        return self.route is Route.FOUNDRY and self.variable is None

    def functions(self, reading: str, tokens: Mapping[From, str]) -> str:
        """The functions that the program needs, of templates: to read its key, or to get a token."""
        if self.reads_itself:
            return reading.format(region=self.region, variable=self.key_variable, key=self.variable)
        if self.token_from is not None:
            return tokens[self.token_from].format(region=self.region, audience=self.audience)
        return ""


def client_of(manifest: Manifest, consumer: ManifestConsumer) -> Client:
    """The client.

    Raises:
        UsageError: no key that Claude's clients can use, several, or a login, which programs do not have.
        ManifestError: a key that the manifest lacks.
    """
    keys = keys_of(manifest, consumer)
    route, variable = _route(consumer, keys)
    if route is Route.SUBSCRIPTION:
        raise UsageError(
            f"{consumer.name} has the route subscription: that login is for Claude Code alone",
            f"keyplan wire claude-code {consumer.name}",
        )
    on_aws = consumer.cloud == "aws" and manifest.aws is not None
    return Client(
        route,
        variable,
        _key_from(consumer),
        _token_from(consumer),
        audience_of(consumer) or "",
        manifest.on_aws().region if on_aws else "",
        "ANTHROPIC_TIMEOUT_MS" in plain_variables(consumer),
    )


def _route(consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> tuple[Route, str | None]:
    variables = {key.env_var for key in keys}
    if consumer.route in (Route.BEDROCK, Route.FOUNDRY):
        own = BEDROCK_TOKEN if consumer.route == Route.BEDROCK else FOUNDRY_KEY
        return Route(consumer.route), own if own in variables else None
    if consumer.route in (Route.VERTEX, Route.FEDERATION, Route.SUBSCRIPTION):
        return Route(consumer.route), None
    key = _key(consumer, keys)
    return (Route.DIRECT if key.base_url is None else Route.GATEWAY), key.env_var


def _key(consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> ManifestKey:
    names, key = claude_key(keys)
    if key is not None:
        return key
    has = f"several that they can use: {', '.join(names)}" if names else "none that they can use"
    raise UsageError(
        f"Claude's clients get one key, and {consumer.name} reads {has}",
        f"give consumers.{consumer.name}.keys one key of vendor anthropic or gateway, or it a `route`",
    )


def _key_from(consumer: ManifestConsumer) -> From:
    """As the runtime's first target gives it."""
    if consumer.runtime in ("eks", "gke"):
        return From.FILE
    by_itself = consumer.runtime == "ecs" and text_setting(consumer, "readAt") == "run"
    return From.SECRETS_MANAGER if by_itself or consumer.runtime in ("lambda", "iam-role") else From.VARIABLE


def _token_from(consumer: ManifestConsumer) -> From | None:
    """Pods and CI jobs have the token in the SDK's own variables; what a cloud runs asks the cloud."""
    if consumer.route != Route.FEDERATION:
        return None
    if consumer.runtime in ("ecs", "lambda", "ec2", "iam-role", "codebuild"):
        return From.STS
    return From.METADATA if consumer.runtime in _WITH_METADATA else None


_WITH_METADATA = ("cloud-run", "cloud-run-job", "compute-engine", "cloud-build")
