"""The typescript target: a program with Anthropic's SDK that authenticates by the consumer's route.

Source: @anthropic-ai/sdk 1.10.0, bedrock-sdk 1.1.2, vertex-sdk 1.1.3 and foundry-sdk 1.1.1, their types;
Claude API, "Use WIF with AWS"; checked 2026-11-21.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.routes import Route
from keyplan.wiring.programs.client import (
    DEFAULT_MAX_TOKENS,
    DEFAULT_MODEL,
    PROVIDERS,
    Client,
    From,
    client_of,
)

_SDK = "@anthropic-ai/sdk"
_PACKAGES = {
    Route.BEDROCK: "@anthropic-ai/bedrock-sdk",
    Route.VERTEX: "@anthropic-ai/vertex-sdk",
    Route.FOUNDRY: "@anthropic-ai/foundry-sdk",
}
_CLASSES = {
    Route.BEDROCK: "AnthropicBedrock",
    Route.VERTEX: "AnthropicVertex",
    Route.FOUNDRY: "AnthropicFoundry",
}
_MESSAGE = f"""\

const message = await client.messages.create({{
  model: process.env.ANTHROPIC_MODEL ?? "{DEFAULT_MODEL}",
  max_tokens: Number(process.env.ANTHROPIC_MAX_TOKENS ?? "{DEFAULT_MAX_TOKENS}"),
  messages: [{{ role: "user", content: "Say hello." }}],
}});
for (const block of message.content) {{
  if (block.type === "text") console.log(block.text);
}}
"""
_NEEDED = """\
function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

"""
_READING = """\
async function readKey(): Promise<string> {{
  const client = new SecretsManagerClient({{ region: "{region}" }});
  const stored = await client.send(new GetSecretValueCommand({{ SecretId: needed("{variable}") }}));
  return JSON.parse(stored.SecretString ?? "{{}}")["{key}"];
}}

"""
_TOKEN = {
    From.STS: """\
// Asked for again whenever the SDK needs a new access token: Anthropic takes each one once.
async function identityToken(): Promise<string> {{
  const sts = new STSClient({{ region: "{region}" }});
  const answer = await sts.send(
    new GetWebIdentityTokenCommand({{
      Audience: ["{audience}"],
      SigningAlgorithm: "RS256",
      DurationSeconds: 900,
    }}),
  );
  return answer.WebIdentityToken ?? "";
}}

""",
    From.METADATA: """\
// Asked for again whenever the SDK needs a new access token; `full`, so that it names the account.
async function identityToken(): Promise<string> {{
  const host = process.env.GCE_METADATA_HOST ?? "metadata.google.internal";
  const query = new URLSearchParams({{ audience: "{audience}", format: "full" }});
  const url = `http://${{host}}/computeMetadata/v1/instance/service-accounts/default/identity?${{query}}`;
  const answer = await fetch(url, {{ headers: {{ "Metadata-Flavor": "Google" }} }});
  if (!answer.ok) throw new Error(`no identity token: HTTP ${{answer.status}}`);
  return answer.text();
}}

""",
}
_CREDENTIALS = """\
credentials: oidcFederationProvider({
    identityTokenProvider: identityToken,
    federationRuleId: needed("ANTHROPIC_FEDERATION_RULE_ID"),
    organizationId: needed("ANTHROPIC_ORGANIZATION_ID"),
    serviceAccountId: needed("ANTHROPIC_SERVICE_ACCOUNT_ID"),
    workspaceId: process.env.ANTHROPIC_WORKSPACE_ID,
    baseURL: "https://api.anthropic.com",
    fetch,
  })"""
_NOTHING_LEFT = """\
for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"]) {
  delete process.env[name]; // each would be used instead of federation
}
"""
_ENTRA = """\
azureADTokenProvider: getBearerTokenProvider(new DefaultAzureCredential(), "https://ai.azure.com/.default")"""


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The program, a module of its own.

    Raises:
        UsageError: no key that Claude's clients can use, several, or a login.
    """
    client = client_of(manifest, consumer)
    arguments = _arguments(client)
    if client.has_timeout:
        arguments.append('timeout: Number(needed("ANTHROPIC_TIMEOUT_MS"))')
    name = _CLASSES.get(client.route, "Anthropic")
    listed = "".join(f"  {argument},\n" for argument in arguments)
    call = f"const client = new {name}({{\n{listed}}});\n" if listed else f"const client = new {name}();\n"
    packages = " ".join([_PACKAGES.get(client.route, _SDK), *_other_packages(client)])
    heading = (
        f"// Claude for {consumer.name} in {manifest.environment}, by the route {client.route}; "
        f"no value of a key is in here.\n// npm install {packages}\n"
    )
    body = _MESSAGE
    if client.route in PROVIDERS:  # each spells a model's name in its own way
        body = body.replace(f'process.env.ANTHROPIC_MODEL ?? "{DEFAULT_MODEL}"', 'needed("ANTHROPIC_MODEL")')
    functions = client.functions(_READING, _TOKEN)
    needed = _NEEDED if "needed(" in call + functions + body else ""
    cleared = _NOTHING_LEFT if client.route is Route.FEDERATION else ""
    return heading + _imports(client, name) + "\n" + needed + functions + cleared + call + body


def _arguments(client: Client) -> list[str]:
    """What the class is given: explicitly, because a variable that was left over could win."""
    value = _value(client)
    match client.route:
        case Route.GATEWAY:
            return [f"authToken: {value}", "apiKey: null", 'baseURL: needed("ANTHROPIC_BASE_URL")']
        case Route.BEDROCK:
            return ['awsRegion: needed("AWS_REGION")', *([f"apiKey: {value}"] if client.variable else [])]
        case Route.VERTEX:
            project = 'projectId: needed("ANTHROPIC_VERTEX_PROJECT_ID")'
            return ['region: needed("CLOUD_ML_REGION")', project]
        case Route.FOUNDRY:
            return [f"apiKey: {value}" if client.variable else _ENTRA]
        case Route.FEDERATION:
            return [] if client.token_from is None else [_CREDENTIALS]
    return [f"apiKey: {value}"]


def _value(client: Client) -> str:
    if client.key_from is From.SECRETS_MANAGER:
        return "await readKey()"
    if client.key_from is From.FILE:
        return f'readFileSync(needed("{client.key_variable}"), "utf8")'
    return f'needed("{client.key_variable}")'


def _imports(client: Client, name: str) -> str:
    lines = []
    if client.reads_file:
        lines.append('import { readFileSync } from "node:fs";')
    lines.append(f'import {name} from "{_PACKAGES.get(client.route, _SDK)}";')
    if client.token_from is not None:
        lines.append(f'import {{ oidcFederationProvider }} from "{_SDK}/lib/credentials/oidc-federation";')
    if client.token_from is From.STS:
        lines.append('import { GetWebIdentityTokenCommand, STSClient } from "@aws-sdk/client-sts";')
    if client.reads_itself:
        lines.append(
            'import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";'
        )
    if client.by_entra:
        lines.append('import { DefaultAzureCredential, getBearerTokenProvider } from "@azure/identity";')
    return "\n".join(lines) + "\n"


def _other_packages(client: Client) -> list[str]:
    others = []
    if client.reads_itself:
        others.append("@aws-sdk/client-secrets-manager")
    if client.token_from is From.STS:
        others.append("@aws-sdk/client-sts")
    if client.by_entra:
        others.append("@azure/identity")
    return others
