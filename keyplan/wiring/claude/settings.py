"""The claude-code target: the settings with which Claude Code asks keyplan for a consumer's key.

The command in `apiKeyHelper` names everything that decides which value is read, so that the folder in which
Claude Code is started decides nothing. No value is in here: the settings fit every scope, a shared file too.
Source: Claude Code documentation, "Settings" and "Environment variables" (code.claude.com/docs), and its JSON
schema at json.schemastore.org; checked 2026-11-21.
"""

from __future__ import annotations

import shlex

from keyplan.claude_code import usable
from keyplan.errors import ManifestError, UsageError
from keyplan.manifest import Manifest, ManifestConsumer, ManifestKey
from keyplan.vendors import anthropic, gateway
from keyplan.wiring.consumers import keys_of, plain_variables, refused
from keyplan.wiring.syntax import json

SCHEMA = "https://json.schemastore.org/claude-code-settings.json"
MANIFESTS = "~/.config/keyplan"  # the shell of the helper replaces the tilde, which is therefore not quoted
REFRESH_VARIABLE = "CLAUDE_CODE_API_KEY_HELPER_TTL_MS"
REFRESH_MILLISECONDS = 300_000  # Claude Code's own default, written down so that a review sees it


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The settings as JSON.

    Raises:
        UsageError: no key that Claude Code can use, several, or a plain variable that would win over it.
        ManifestError: a key that the manifest lacks.
    """
    key = _key(manifest, consumer)
    variables = plain_variables(consumer)
    for name, why in sorted(_winning(key).items()):
        if name in variables:
            raise refused(consumer, name, why)
    env = dict(sorted({REFRESH_VARIABLE: str(REFRESH_MILLISECONDS), **variables}.items()))
    return json.render({"$schema": SCHEMA, "apiKeyHelper": _command(manifest, consumer, key), "env": env})


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
    keys = {key.name: key for key in keys_of(manifest, consumer)}
    names = usable([(key.name, key.vendor, key.env_var, key.base_url) for key in keys.values()])
    usual = [
        name for name in names if keys[name].env_var in (anthropic.DEFAULT_ENV_VAR, gateway.DEFAULT_ENV_VAR)
    ]
    if manifest.claude_code_key in names:
        return keys[manifest.claude_code_key]
    found = names if len(names) == 1 else usual
    if len(found) == 1:
        return keys[found[0]]
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
