"""The variables that decide how a client authenticates, the orders in which clients take them, and what kind
of credential a text is.

Source: Claude Code documentation, "Authentication", "Settings", "Amazon Bedrock", "Google Vertex AI" and
"Microsoft Foundry" (code.claude.com/docs); Claude API, "Authentication" (platform.claude.com/docs); the
order of the SDKs is that of Anthropic's Python SDK, version 2. All checked 2026-11-21.
"""

from __future__ import annotations

import re

from keyplan.endpoints import ANTHROPIC_HOST
from keyplan.wiring.claude.merging import WINNING

API_KEY, AUTH_TOKEN, BASE_URL = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"
OAUTH_TOKEN = "CLAUDE_CODE_OAUTH_TOKEN"  # noqa: S105  # a variable's name
HELPER, MODEL_SETTING, LOGIN = "apiKeyHelper", "model", "login"
MODEL = "ANTHROPIC_MODEL"
PROFILE, FEDERATION = "ANTHROPIC_PROFILE", "ANTHROPIC_FEDERATION_RULE_ID"
BEDROCK, VERTEX, FOUNDRY = "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"
FLAGS = (BEDROCK, VERTEX, FOUNDRY)
VERTEX_REGION = "CLOUD_ML_REGION"

CLAUDE_CODE_ORDER = (*WINNING, HELPER, OAUTH_TOKEN, PROFILE, FEDERATION, LOGIN)
SDK_ORDER = (API_KEY, AUTH_TOKEN, PROFILE, FEDERATION)

# What each provider needs beside its flag: of every group at least one.
NEEDS = {
    BEDROCK: (("AWS_REGION", "AWS_DEFAULT_REGION"),),
    VERTEX: ((VERTEX_REGION,), ("ANTHROPIC_VERTEX_PROJECT_ID",)),
    FOUNDRY: (("ANTHROPIC_FOUNDRY_RESOURCE", "ANTHROPIC_FOUNDRY_BASE_URL"),),
}
NOT_OF_VERTEX = re.compile("us-central1")  # many guides name it; Claude is not served there

OF_ANTHROPIC = re.compile(rf"https://{re.escape(ANTHROPIC_HOST)}(?::443)?/?")  # an address

CREDENTIALS = (
    API_KEY,
    AUTH_TOKEN,
    OAUTH_TOKEN,
    "AWS_BEARER_TOKEN_BEDROCK",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "ANTHROPIC_IDENTITY_TOKEN",
)
# Without any of these, and without a helper, Claude Code uses its login.
ROUTING = (
    *FLAGS,
    *CREDENTIALS,
    BASE_URL,
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_FOUNDRY_BASE_URL",
    "ANTHROPIC_FOUNDRY_RESOURCE",
    PROFILE,
    FEDERATION,
    "ANTHROPIC_ORGANIZATION_ID",
    "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "ANTHROPIC_WORKSPACE_ID",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
)
KNOWN = (
    *ROUTING,
    MODEL,
    "ANTHROPIC_DEFAULT_MODEL",
    "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    VERTEX_REGION,
    "ANTHROPIC_VERTEX_PROJECT_ID",
)

_KINDS = {
    "sk-ant-api03-": "API key",
    "sk-ant-admin01-": "Admin API key",
    "sk-ant-api01-": "Admin API key",
    "sk-ant-oat01-": "OAuth token",
}


def kind_of(text: str) -> str:
    """`API key`, `Admin API key`, `OAuth token`, `blank`, or `unknown`: all that is ever said of a value."""
    if not text.strip():
        return "blank"
    return next((kind for prefix, kind in _KINDS.items() if text.strip().startswith(prefix)), "unknown")


def is_on(text: str) -> bool:
    """Whether a flag with this text switches its provider on."""
    return text.strip().lower() in {"1", "true", "yes", "on"}
