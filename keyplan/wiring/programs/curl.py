"""The curl target: a script that sends one message by the consumer's route, with curl and jq alone.

A key or a token goes to curl through a pipe: whatever is an argument stands in the list of processes, which
every user of the machine can read.

Source: Claude API, "Authentication", "WIF reference" (the exchange), "Use WIF with AWS" and "Use WIF with
Google Cloud"; "Claude on Amazon Bedrock", "Claude on Vertex AI" and "Claude in Microsoft Foundry" (address,
anthropic_version); curl(1), `--header @-`, `--config -`, `--aws-sigv4`; AWS CLI, `configure
export-credentials`; checked 2026-11-21.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.routes import Route
from keyplan.wiring.federation.tokens import before_federation
from keyplan.wiring.programs.client import DEFAULT_MAX_TOKENS, DEFAULT_MODEL, Client, From, client_of

_SEND = "curl --silent --show-error --fail --max-time {seconds}"
_BODY = """\
body="$(jq -n --arg model "${{ANTHROPIC_MODEL:-{model}}}" --arg limit "${{ANTHROPIC_MAX_TOKENS:-{limit}}}" \\
  '{{{fields}max_tokens: ($limit | tonumber), messages: [{{role: "user", content: "Say hello."}}]}}')"
"""
# `{header}` is printf's format for the header with the credential, `{value}` the shell word of that.
_MESSAGE = """\
printf '{header}\\n' {value} |
  {send} --header @- --header 'anthropic-version: 2023-06-01' \\
    --header 'content-type: application/json' --data "$body" {url} |
  jq -r '.content[].text'
"""
_BEDROCK = """\
credentials="$(aws configure export-credentials --format process)"
printf '%s' "$credentials" | jq -r '"user = \\"\\(.AccessKeyId):\\(.SecretAccessKey)\\"",
  (.SessionToken // empty | "header = \\"x-amz-security-token: \\(.)\\"")' |
  {send} --config - --aws-sigv4 "aws:amz:$AWS_REGION:bedrock" \\
    --header 'content-type: application/json' --data "$body" {url} |
  jq -r '.content[].text'
"""
_BEDROCK_URL = (
    '"https://bedrock-runtime.$AWS_REGION.amazonaws.com/model/$(jq -rn --arg model "$ANTHROPIC_MODEL" '
    "'$model | @uri')/invoke\""
)
# The global endpoint and those of several regions have hosts of another form.
_VERTEX_HOST = """\
case "$CLOUD_ML_REGION" in
  global) host=aiplatform.googleapis.com ;;
  us|eu) host="aiplatform.$CLOUD_ML_REGION.rep.googleapis.com" ;;
  *) host="$CLOUD_ML_REGION-aiplatform.googleapis.com" ;;
esac
place="projects/$ANTHROPIC_VERTEX_PROJECT_ID/locations/$CLOUD_ML_REGION/publishers/anthropic"
"""
_FOUNDRY_URL = (
    '"${ANTHROPIC_FOUNDRY_BASE_URL:-https://$ANTHROPIC_FOUNDRY_RESOURCE.services.ai.azure.com/anthropic}'
)
_TOKENS = {
    From.STS: """\
token="$(aws sts get-web-identity-token --region {region} --audience {audience} \\
  --signing-algorithm RS256 --duration-seconds 900 --query WebIdentityToken --output text)"
""",
    From.METADATA: """\
machine="http://${{GCE_METADATA_HOST:-metadata.google.internal}}/computeMetadata/v1/instance"
token="$({send} --header 'Metadata-Flavor: Google' --get --data-urlencode 'audience={audience}' \\
  --data format=full "$machine/service-accounts/default/identity")"
""",
    None: """\
token="${{ANTHROPIC_IDENTITY_TOKEN:-}}"
[ -n "$token" ] || token="$(cat "$ANTHROPIC_IDENTITY_TOKEN_FILE")"
""",
}
_EXCHANGE = """\
# Anthropic takes each identity token once; the access token lives as long as the federation rule says.
access="$(TOKEN="$token" jq -n '{{grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: env.TOKEN, federation_rule_id: env.ANTHROPIC_FEDERATION_RULE_ID,
    organization_id: env.ANTHROPIC_ORGANIZATION_ID, service_account_id: env.ANTHROPIC_SERVICE_ACCOUNT_ID}}
    + (env.ANTHROPIC_WORKSPACE_ID // "" | if . == "" then {{}} else {{workspace_id: .}} end)' |
  {send} --header 'content-type: application/json' --data @- "{url}/v1/oauth/token" |
  jq -er .access_token)"
"""


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The script.

    Raises:
        UsageError: no key that Claude's clients can use, several, or a login.
    """
    client = client_of(manifest, consumer)
    seconds = 600 if not client.has_timeout else '"$((ANTHROPIC_TIMEOUT_MS / 1000))"'
    send = _SEND.format(seconds=seconds)
    heading = (
        "#!/bin/sh\n"
        f"# Claude for {consumer.name} in {manifest.environment}, by the route {client.route}; "
        "no value of a key is in here.\n"
    )
    lines = _with_key(client, send) if client.variable else _without_key(client, consumer, send)
    return f"{heading}set -eu\n{lines}"


def _with_key(client: Client, send: str) -> str:
    value = '"$key"'
    read = f'key="${client.key_variable}"\n'
    if client.key_from is From.FILE:
        read = f'key="$(cat "${client.key_variable}")"\n'
    elif client.key_from is From.SECRETS_MANAGER:
        read = (
            f'key="$(aws secretsmanager get-secret-value --region {client.region} '
            f'--secret-id "${client.key_variable}" \\\n'
            f'  --query SecretString --output text | jq -er .{client.variable})"\n'
        )
    bearer, api_key = "Authorization: Bearer %s", "x-api-key: %s"
    match client.route:
        case Route.GATEWAY:
            return read + _anthropic(send, bearer, value, '"$ANTHROPIC_BASE_URL/v1/messages"')
        case Route.FOUNDRY:
            return read + _anthropic(send, api_key, value, f'{_FOUNDRY_URL}/v1/messages"')
        case Route.BEDROCK:
            return read + _cloud("bedrock-2023-05-31") + _message(send, bearer, value, _BEDROCK_URL)
    return read + _anthropic(send, api_key, value, '"https://api.anthropic.com/v1/messages"')


def _without_key(client: Client, consumer: ManifestConsumer, send: str) -> str:
    bearer = "Authorization: Bearer %s"
    match client.route:
        case Route.BEDROCK:
            return _cloud("bedrock-2023-05-31") + _BEDROCK.format(send=send, url=_BEDROCK_URL)
        case Route.VERTEX:
            become = 'token="$(gcloud auth print-access-token)"\n'
            url = '"https://$host/v1/$place/models/$ANTHROPIC_MODEL:rawPredict"'
            body = _cloud("vertex-2023-10-16")
            return become + _VERTEX_HOST + body + _message(send, bearer, '"$token"', url)
        case Route.FOUNDRY:
            become = (
                'token="$(az account get-access-token --scope https://ai.azure.com/.default '
                '--query accessToken --output tsv)"\n'
            )
            return become + _anthropic(send, bearer, '"$token"', f'{_FOUNDRY_URL}/v1/messages"')
    own = _TOKENS[client.token_from].format(region=client.region, audience=client.audience, send=send)
    unset = f"unset -v {' '.join(before_federation(consumer))}\n"
    exchange = _EXCHANGE.format(send=send, url="https://api.anthropic.com")
    url = '"https://api.anthropic.com/v1/messages"'
    return unset + own + exchange + _anthropic(send, bearer, '"$access"', url)


def _anthropic(send: str, header: str, value: str, url: str) -> str:
    """The message as Anthropic's own API takes it: the model is in the body."""
    return _body("model: $model, ") + _message(send, header, value, url)


def _cloud(version: str) -> str:
    """The body as a cloud takes it: the model is in the address, in the cloud's own spelling."""
    return ': "${ANTHROPIC_MODEL:?is not set}"\n' + _body(f'anthropic_version: "{version}", ')


def _body(fields: str) -> str:
    return _BODY.format(model=DEFAULT_MODEL, limit=DEFAULT_MAX_TOKENS, fields=fields)


def _message(send: str, header: str, value: str, url: str) -> str:
    return _MESSAGE.format(send=send, header=header, value=value, url=url)
