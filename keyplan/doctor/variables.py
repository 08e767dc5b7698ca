"""The variables that decide how a client authenticates, the orders in which clients take them, and what kind
of credential a text is.

Source: Claude Code documentation, "Authentication", "Settings", "Amazon Bedrock", "Google Vertex AI" and
"Microsoft Foundry" (code.claude.com/docs); Claude API, "Authentication" (platform.claude.com/docs); the
order of the SDKs is that of Anthropic's Python SDK, version 2. All checked 2026-11-21.
"""

from __future__ import annotations

import re

from keyplan.endpoints import ANTHROPIC_HOST
from keyplan.routes import IDENTITY_TOKEN, IDENTITY_TOKEN_FILE, ORGANIZATION_ID, SERVICE_ACCOUNT_ID

API_KEY, AUTH_TOKEN, BASE_URL = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"
OAUTH_TOKEN = "CLAUDE_CODE_OAUTH_TOKEN"  # noqa: S105  # a variable's name
HELPER, MODEL_SETTING, LOGIN = "apiKeyHelper", "model", "login"
MODEL = "ANTHROPIC_MODEL"
ACTIVE_PROFILE = "active profile"  # of `ant`, in Anthropic's configuration directory
PROFILE, FEDERATION = "ANTHROPIC_PROFILE", "ANTHROPIC_FEDERATION_RULE_ID"
BEDROCK, VERTEX, FOUNDRY = "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"
FLAGS = (BEDROCK, VERTEX, FOUNDRY)
VERTEX_REGION = "CLOUD_ML_REGION"
PROFILE_REGION = "the AWS profile's region"  # in its configuration; the name of no variable
AWS_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION", PROFILE_REGION)  # Claude Code takes the first that is set
FOUNDRY_RESOURCE, FOUNDRY_BASE_URL = "ANTHROPIC_FOUNDRY_RESOURCE", "ANTHROPIC_FOUNDRY_BASE_URL"
FOUNDRY_KEY, FOUNDRY_TOKEN = "ANTHROPIC_FOUNDRY_API_KEY", "ANTHROPIC_FOUNDRY_AUTH_TOKEN"
BASE_URLS = {
    BEDROCK: "ANTHROPIC_BEDROCK_BASE_URL",
    VERTEX: "ANTHROPIC_VERTEX_BASE_URL",
    FOUNDRY: FOUNDRY_BASE_URL,
}

# The first are those of `keyplan.wiring.claude.merging`, which a test compares: importing them would load
# every target of the wiring.
CLAUDE_CODE_ORDER = (
    *FLAGS,
    AUTH_TOKEN,
    API_KEY,
    HELPER,
    OAUTH_TOKEN,
    PROFILE,
    FEDERATION,
    ACTIVE_PROFILE,
    LOGIN,
)
SDK_ORDER = (API_KEY, AUTH_TOKEN, PROFILE, FEDERATION, ACTIVE_PROFILE)

# What each provider needs beside its flag: of every group at least one.
NEEDS = {
    BEDROCK: (AWS_REGIONS,),
    VERTEX: ((VERTEX_REGION,), ("ANTHROPIC_VERTEX_PROJECT_ID",)),
    FOUNDRY: ((FOUNDRY_RESOURCE, FOUNDRY_BASE_URL),),
}
# Beside the rule, without which there is no federation: of every group at least one. Claude Code asks for the
# first group alone before it chooses federation, and fails later without the others.
FEDERATION_NEEDS = ((ORGANIZATION_ID,), (SERVICE_ACCOUNT_ID,), (IDENTITY_TOKEN_FILE, IDENTITY_TOKEN))
NOT_OF_VERTEX = re.compile("us-central1")  # many guides name it; Claude is not served there

OF_ANTHROPIC = re.compile(rf"https://{re.escape(ANTHROPIC_HOST)}(?::443)?/?")  # an address

CREDENTIALS = (
    API_KEY,
    AUTH_TOKEN,
    OAUTH_TOKEN,
    "AWS_BEARER_TOKEN_BEDROCK",
    FOUNDRY_KEY,
    FOUNDRY_TOKEN,
    IDENTITY_TOKEN,
)
# Without any of these, and without a helper, Claude Code uses its login.
ROUTING = (
    *FLAGS,
    *CREDENTIALS,
    BASE_URL,
    *BASE_URLS.values(),
    FOUNDRY_RESOURCE,
    PROFILE,
    FEDERATION,
    ORGANIZATION_ID,
    SERVICE_ACCOUNT_ID,
    "ANTHROPIC_WORKSPACE_ID",
    IDENTITY_TOKEN_FILE,
)
# What pins what a short name stands for. Source: Claude Code documentation, "Model configuration".
PINS = {
    "opus": "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "sonnet": "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "haiku": "ANTHROPIC_DEFAULT_HAIKU_MODEL",
}
KNOWN = (
    *ROUTING,
    MODEL,
    "ANTHROPIC_DEFAULT_MODEL",
    *PINS.values(),
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    VERTEX_REGION,
    "ANTHROPIC_VERTEX_PROJECT_ID",
)
# What decides how a client gets to its host, and whom it trusts there. Source: Claude Code documentation,
# "Enterprise network configuration"; HTTPX documentation, "Environment Variables" (www.python-httpx.org).
NODE_CERTIFICATES, PYTHON_CERTIFICATES = "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"
CERTIFICATE_STORE, UNCHECKED = "CLAUDE_CODE_CERT_STORE", "NODE_TLS_REJECT_UNAUTHORIZED"
CLAUDE_CODE_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY")
PYTHON_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
NO_PROXIES = ("no_proxy", "NO_PROXY")
# What leads to the login of a provider.
AWS_PROFILE, AWS_CONFIG, AWS_CREDENTIALS = (
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)
# Settings of Claude Code: commands that bring a new login when it has expired. Source: Claude Code
# documentation, "Amazon Bedrock" and "Google Vertex AI".
AWS_REFRESHERS, GOOGLE_REFRESHERS = ("awsAuthRefresh", "awsCredentialExport"), ("gcpAuthRefresh",)
AWS_KEY, AWS_EXPIRATION = "AWS_ACCESS_KEY_ID", "AWS_CREDENTIAL_EXPIRATION"
GOOGLE_FILE, GOOGLE_CONFIG = "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG"
AZURE_CONFIG = "AZURE_CONFIG_DIR"
# Azure's chain finds something before it comes to the login of `az`. Source: Azure Identity documentation,
# "Credential chains" (learn.microsoft.com, checked 2026-11-21).
AZURE_OTHERS = ("AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "MSI_ENDPOINT")
ANTHROPIC_CONFIG = "ANTHROPIC_CONFIG_DIR"
# A gateway brings the provider's credentials. Source: Claude Code documentation, "LLM gateways".
SKIPS = {flag: flag.replace("_USE_", "_SKIP_") + "_AUTH" for flag in FLAGS}
# Read wherever they are set; only the known ones are told of one by one.
WATCHED = tuple(
    dict.fromkeys(
        (
            *KNOWN,
            NODE_CERTIFICATES,
            PYTHON_CERTIFICATES,
            CERTIFICATE_STORE,
            UNCHECKED,
            *CLAUDE_CODE_PROXIES,
            *PYTHON_PROXIES,
            *NO_PROXIES,
            AWS_PROFILE,
            AWS_CONFIG,
            AWS_CREDENTIALS,
            AWS_KEY,
            AWS_EXPIRATION,
            GOOGLE_FILE,
            GOOGLE_CONFIG,
            AZURE_CONFIG,
            *AZURE_OTHERS,
            ANTHROPIC_CONFIG,
            *SKIPS.values(),
        )
    )
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
