"""The claude-code target: the settings with which Claude Code authenticates by a consumer's route.

With a key, the command in `apiKeyHelper` names everything that decides which value is read, so that the
folder in which Claude Code is started decides nothing. The other routes need no helper: the settings name the
provider, how to log in to it again, or the login of a subscription. No value is in here: the settings fit
every scope, a shared file too.
Source: Claude Code documentation, "Settings", "Environment variables" and "Amazon Bedrock", advanced
credential configuration (code.claude.com/docs), its JSON schema at json.schemastore.org, and the type
Settings of @anthropic-ai/claude-agent-sdk 0.3.328; checked 2026-11-21.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.routes import Route
from keyplan.vendors import anthropic, gateway
from keyplan.wiring.claude.merging import BEFORE_LOGIN, FLAGS
from keyplan.wiring.consumers import claude_key, keys_of, plain_variables, refused, text_setting
from keyplan.wiring.syntax import json

SCHEMA = "https://json.schemastore.org/claude-code-settings.json"
MANIFESTS = "~/.config/keyplan"  # the shell of the helper replaces the tilde, which is therefore not quoted
REFRESH_VARIABLE = "CLAUDE_CODE_API_KEY_HELPER_TTL_MS"
REFRESH_MILLISECONDS = 300_000  # Claude Code's own default, written down so that a review sees it
# What logs in to the provider again, where Claude Code finds that the login has ended.
AWS_LOGIN, GOOGLE_LOGIN = "aws sso login", "gcloud auth application-default login"
_OTHER_PROVIDER = "Claude Code would use that provider instead"
_BEFORE_LOGIN = "Claude Code would use it instead of the login"


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The settings as JSON.

    Raises:
        UsageError: no key that Claude Code can use, several, a plain variable that would win over the route,
            or a route that people do not have.
        ManifestError: a key that the manifest lacks.
    """
    match consumer.route:
        case Route.BEDROCK | Route.VERTEX | Route.FOUNDRY:
            return _provider(consumer)
        case Route.SUBSCRIPTION:
            return _document(
                consumer, {"forceLoginMethod": "claudeai"}, dict.fromkeys(BEFORE_LOGIN, _BEFORE_LOGIN)
            )
        case Route.FEDERATION:
            raise UsageError(
                f"{consumer.name} has the route federation, and a person has no identity token",
                f"set `route` of consumers.{consumer.name} to subscription, or give it a key",
            )
    return _helper(manifest, consumer)


def needs_exec(manifest: Manifest, consumer: ManifestConsumer) -> bool:
    """Whether Claude Code has to be started by `keyplan exec`: a provider's key, for which is no helper."""
    keyed = (Route.BEDROCK, Route.VERTEX, Route.FOUNDRY)
    return consumer.route in keyed and bool(keys_of(manifest, consumer))


def _helper(manifest: Manifest, consumer: ManifestConsumer) -> str:
    key = _key(manifest, consumer)
    refresh = {REFRESH_VARIABLE: str(REFRESH_MILLISECONDS)}
    return _document(consumer, {"apiKeyHelper": _command(manifest, consumer, key)}, _winning(key), refresh)


def _provider(consumer: ManifestConsumer) -> str:
    """The route's flag is among the consumer's variables; of the others, none may be."""
    own = f"CLAUDE_CODE_USE_{str(consumer.route).upper()}"
    settings: dict[str, Any] = {}
    if consumer.route == Route.BEDROCK and text_setting(consumer, "permissionSet") is not None:
        # They come through IAM Identity Center; others log in to AWS in a way that keyplan does not know.
        profile = consumer.env.get("AWS_PROFILE")
        settings["awsAuthRefresh"] = AWS_LOGIN + (f" --profile {shlex.quote(profile)}" if profile else "")
    if consumer.route == Route.VERTEX:
        settings["gcpAuthRefresh"] = GOOGLE_LOGIN
    return _document(consumer, settings, {flag: _OTHER_PROVIDER for flag in FLAGS if flag != own})


def _document(
    consumer: ManifestConsumer,
    settings: Mapping[str, Any],
    winning: Mapping[str, str],
    defaults: Mapping[str, str] | None = None,
) -> str:
    variables = plain_variables(consumer)
    for name, why in sorted(winning.items()):
        if name in variables:
            raise refused(consumer, name, why)
    env = dict(sorted({**(defaults or {}), **variables}.items()))
    return json.render({"$schema": SCHEMA, **settings, **({"env": env} if env else {})})


def _winning(key: ManifestKey) -> dict[str, str]:
    """Variables that would win over the helper or send the key elsewhere, and what each does."""
    above = "Claude Code would use it instead of the helper"
    return {
        **(anthropic.OVERRIDES if key.base_url is None else gateway.OVERRIDES),
        "ANTHROPIC_AUTH_TOKEN": above,
        "ANTHROPIC_API_KEY": above,
    }


def _key(manifest: Manifest, consumer: ManifestConsumer) -> ManifestKey:
    """The one that Claude Code can use; of several the catalogue's, or else the one in its usual variable."""
    keys = keys_of(manifest, consumer)
    names, key = claude_key(keys)
    if manifest.claude_code_key in names:
        return manifest.keys[manifest.claude_code_key]
    if key is not None:
        return key
    has = (
        f"reads several keys that it can use: {', '.join(names)}" if names else "reads no key that it can use"
    )
    raise UsageError(
        f"Claude Code gets one key, and {consumer.name} {has}",
        f"give consumers.{consumer.name}.keys one key of vendor anthropic or gateway",
    )


def _command(manifest: Manifest, consumer: ManifestConsumer, key: ManifestKey) -> str:
    if not manifest.environment.isprintable() or not key.name.isprintable():
        raise ManifestError("the manifest has a name that no command line can hold")
    file = shlex.quote(f"{manifest.environment}.json")
    # Without it, the helper reads on the environment's first cloud.
    both = manifest.aws is not None and manifest.gcp is not None
    where = f" --cloud {consumer.cloud}" if both else ""
    return f"keyplan key-helper --manifest {MANIFESTS}/{file} --key {shlex.quote(key.name)}{where}"
