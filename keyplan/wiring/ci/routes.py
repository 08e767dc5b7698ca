"""The part of a CI step's script that lets Claude's clients in without a key: by token, or as role or member.

Everything stays in the one step: a token for federation is a variable of it; a role's credentials for Bedrock
too; Vertex AI's clients know files only, so that the script puts two into a folder that it removes when it
ends. Nothing here holds `<<`, and no backslash stands before a dollar sign, as in `script`.

Source: Claude API, "WIF reference" (ANTHROPIC_IDENTITY_TOKEN); Claude Code, "Amazon Bedrock" and "Google
Vertex AI" (the clouds' own default credentials); Google Cloud, AIP-4117 (a file of type external_account);
checked 2026-11-21.
"""

from __future__ import annotations

import json
import shlex

from keyplan.errors import UsageError
from keyplan.manifest.model import ManifestConsumer
from keyplan.routes import FEDERATION_AUDIENCE, IDENTITY_TOKEN, Route
from keyplan.wiring.federation.tokens import audience_of, before_federation

BEDROCK_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - the name of a variable
# The credentials that the step became, for the program and not only for reading.
AWS_CREDENTIALS = """\
export AWS_ACCESS_KEY_ID="$access" AWS_SECRET_ACCESS_KEY="$secret" AWS_SESSION_TOKEN="$session"
"""
# mktemp makes what nobody else can read. `%s` is all that printf replaces: the rest has no such sign.
_GCP_CREDENTIALS = """\
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
printf %s "${variable}" > "$folder/token"
printf '%s"%s/token"}}}}' {start} "$folder" > "$folder/credentials.json"
export GOOGLE_APPLICATION_CREDENTIALS="$folder/credentials.json"
"""
WEB_TOKEN_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE"  # noqa: S105 - the name of a variable
_AWS_TOKEN_FILE = f"""\
{WEB_TOKEN_FILE}="$(mktemp)"
trap 'rm -f "${WEB_TOKEN_FILE}"' EXIT
printf %s "${{variable}}" > "${WEB_TOKEN_FILE}"
export {WEB_TOKEN_FILE}
"""


def calls_as_itself(consumer: ManifestConsumer, variables: tuple[str, ...] = ()) -> bool:
    """Whether the program needs the credentials of the role or member, and not only the step that reads.

    Args:
        variables: of its keys; with Bedrock's own token among them, the role is not asked.
    """
    if consumer.route == Route.BEDROCK:
        return consumer.cloud == "aws" and BEDROCK_TOKEN not in variables
    return consumer.route == Route.VERTEX and consumer.cloud == "gcp"


def needs_script(consumer: ManifestConsumer) -> bool:
    """Whether a step has anything to do before its program starts."""
    return bool(consumer.keys) or consumer.route == Route.FEDERATION or calls_as_itself(consumer)


def federation_lines(consumer: ManifestConsumer, words: str, own: str | None) -> str:
    """Lines that give the program its identity token, and take away what would win over it; or nothing.

    Args:
        words: what gives a token, for an audience that stands in place of `{audience}`.
        own: the same for Anthropic, where the job says in another way what the token is for.

    Raises:
        UsageError: the CI chooses the audience, and nobody said which it is.
    """
    audience = audience_of(consumer)
    if audience is None:
        return ""
    found = own or words
    if not found or (own is None and "{audience}" not in found and audience == FEDERATION_AUDIENCE):
        raise UsageError(
            f"a job of {consumer.runtime} cannot choose what its token is for, and it is not for {audience}",
            "set `audience` of routes.federation to what they are for, here and in the federation rule",
        )
    token = found.replace("{audience}", audience)
    removed = before_federation(consumer)
    return (
        (f"unset -v {' '.join(removed)}\n" if removed else "")
        + f'{IDENTITY_TOKEN}="{token}"\n'
        + f"export {IDENTITY_TOKEN}\n"
    )


def gcp_credentials(provider: str, exchange: str, variable: str = "token") -> str:
    """Lines that make Google's default credentials of a token, in a folder of their own.

    Args:
        provider: its full name, without a host.
        exchange: where Google trades tokens, without a slash at its end.
        variable: of the shell, which has the token.
    """
    document = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{exchange}/v1/token",
    }
    # The file's path is known to the shell alone, which writes the document's end.
    start = json.dumps(document)[:-1] + ', "credential_source": {"file": '
    return _GCP_CREDENTIALS.format(start=shlex.quote(start), variable=variable)


def aws_token_file(variable: str) -> str:
    """Lines that give AWS's libraries a token, which they trade for the role of AWS_ROLE_ARN."""
    return _AWS_TOKEN_FILE.format(variable=variable)
