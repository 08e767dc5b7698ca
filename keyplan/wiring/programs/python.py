"""The python target: a program with Anthropic's SDK that authenticates by the consumer's route.

Source: anthropic 2.12.0 for Python (Anthropic, AnthropicBedrock, AnthropicVertex, AnthropicFoundry,
WorkloadIdentityCredentials); Claude API, "Use WIF with AWS" and "Use WIF with Google Cloud"; checked
2026-11-21.
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

_MESSAGE = f"""\

message = client.messages.create(
    model=os.environ.get("ANTHROPIC_MODEL", "{DEFAULT_MODEL}"),
    max_tokens=int(os.environ.get("ANTHROPIC_MAX_TOKENS", "{DEFAULT_MAX_TOKENS}")),
    messages=[{{"role": "user", "content": "Say hello."}}],
)
print("".join(block.text for block in message.content if block.type == "text"))
"""
_PACKAGES = {Route.BEDROCK: "anthropic[bedrock]", Route.VERTEX: "anthropic[vertex]"}
_READING = """\


def read_key() -> str:
    client = boto3.client("secretsmanager", region_name="{region}")
    stored = client.get_secret_value(SecretId=os.environ["{variable}"])
    return json.loads(stored["SecretString"])["{key}"]


"""
_TOKEN = {
    From.STS: '''\


def identity_token() -> str:
    """Asked for again whenever the SDK needs a new access token: Anthropic takes each one once."""
    sts = boto3.client("sts", region_name="{region}")
    answer = sts.get_web_identity_token(
        Audience=["{audience}"], SigningAlgorithm="RS256", DurationSeconds=900
    )
    return answer["WebIdentityToken"]


''',
    From.METADATA: '''\


def identity_token() -> str:
    """Asked for again whenever the SDK needs a new access token; `full`, so that it names the account."""
    host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    query = urllib.parse.urlencode({{"audience": "{audience}", "format": "full"}})
    url = f"http://{{host}}/computeMetadata/v1/instance/service-accounts/default/identity?{{query}}"
    request = urllib.request.Request(url, headers={{"Metadata-Flavor": "Google"}})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


''',
}
_CREDENTIALS = """\
credentials=WorkloadIdentityCredentials(
        identity_token_provider=identity_token,
        federation_rule_id=os.environ["ANTHROPIC_FEDERATION_RULE_ID"],
        organization_id=os.environ["ANTHROPIC_ORGANIZATION_ID"],
        service_account_id=os.environ["ANTHROPIC_SERVICE_ACCOUNT_ID"],
        workspace_id=os.environ.get("ANTHROPIC_WORKSPACE_ID"),
    )"""
# Without it, a variable that was left over would be sent, and nobody would see it.
_NOTHING_LEFT = """\
for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
    os.environ.pop(name, None)  # each would be used instead of federation
"""


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The program.

    Raises:
        UsageError: no key that Claude's clients can use, several, or a login.
    """
    client = client_of(manifest, consumer)
    name, arguments = _construction(client)
    if client.has_timeout:
        arguments.append('timeout=int(os.environ["ANTHROPIC_TIMEOUT_MS"]) / 1000')
    listed = "".join(f"\n    {argument}," for argument in arguments)
    call = f"client = {name}({listed}\n)\n" if listed else f"client = {name}()\n"
    package = _PACKAGES.get(client.route, "anthropic")
    heading = (
        f"# Claude for {consumer.name} in {manifest.environment}, by the route {client.route}; "
        f"no value of a key is in here.\n# pip install '{package}'{_more(client)}\n"
    )
    body = _MESSAGE
    if client.route in PROVIDERS:  # each spells a model's name in its own way
        body = body.replace(
            f'os.environ.get("ANTHROPIC_MODEL", "{DEFAULT_MODEL}")', 'os.environ["ANTHROPIC_MODEL"]'
        )
    functions = client.functions(_READING, _TOKEN) or "\n"
    return heading + _imports(client, name) + functions + _cleared(client) + call + body


def _construction(client: Client) -> tuple[str, list[str]]:
    """The class, and what it is given: explicitly, because a variable that was left over could win."""
    value = _value(client)
    match client.route:
        case Route.GATEWAY:
            return "Anthropic", [f"auth_token={value}", 'base_url=os.environ["ANTHROPIC_BASE_URL"]']
        case Route.BEDROCK:
            own = [f"api_key={value}"] if client.variable else []
            return "AnthropicBedrock", ['aws_region=os.environ["AWS_REGION"]', *own]
        case Route.VERTEX:
            project = 'project_id=os.environ["ANTHROPIC_VERTEX_PROJECT_ID"]'
            return "AnthropicVertex", ['region=os.environ["CLOUD_ML_REGION"]', project]
        case Route.FOUNDRY:
            return "AnthropicFoundry", [f"api_key={value}" if client.variable else f"{_ENTRA}"]
        case Route.FEDERATION:
            return "Anthropic", [] if client.token_from is None else [_CREDENTIALS]
    return "Anthropic", [f"api_key={value}"]


_ENTRA = (
    "azure_ad_token_provider=get_bearer_token_provider(\n"
    '        DefaultAzureCredential(), "https://ai.azure.com/.default"\n    )'
)


def _value(client: Client) -> str:
    if client.key_from is From.SECRETS_MANAGER:
        return "read_key()"
    if client.key_from is From.FILE:
        return f'Path(os.environ["{client.key_variable}"]).read_text()'
    return f'os.environ["{client.key_variable}"]'


def _imports(client: Client, name: str) -> str:
    standard, others = {"os"}, []
    if client.reads_itself:
        standard.add("json")
    if client.token_from is From.METADATA:
        standard |= {"urllib.parse", "urllib.request"}
    if client.reads_itself or client.token_from is From.STS:
        others.append("import boto3")
    classes = [name] if client.token_from is None else [name, "WorkloadIdentityCredentials"]
    others.append(f"from anthropic import {', '.join(classes)}")
    if client.by_entra:
        others.append("from azure.identity import DefaultAzureCredential, get_bearer_token_provider")
    lines = [f"import {module}" for module in sorted(standard)]
    if client.reads_file:
        lines.append("from pathlib import Path")
    return "\n".join([*lines, "", *others]) + "\n"


def _cleared(client: Client) -> str:
    return _NOTHING_LEFT if client.route is Route.FEDERATION else ""


def _more(client: Client) -> str:
    if client.reads_itself or client.token_from is From.STS:
        return " boto3"
    return " azure-identity" if client.by_entra else ""
