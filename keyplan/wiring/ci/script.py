"""The script of one CI step: the job's identity token becomes the consumer's keys, then the program runs.

For bash, in CIs without a secrets feature of their own that knows the clouds. The values are variables of
this one script and of the program that it starts: nothing is written to a file, and no value and no token is
an argument, because arguments stand in the list of processes. `set +x` because a trace would print values.
Nothing here holds `<<`, which CircleCI would evaluate, and no backslash stands before a dollar sign, which
Buildkite would take for an escape.

Source: STS API Reference, AssumeRoleWithWebIdentity (needs no credentials; 900 seconds is the shortest);
Google Cloud STS API, method token, and Secret Manager API, projects.secrets.versions.access; checked
2026-11-21.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from keyplan.endpoints import endpoint_for
from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.routes import IDENTITY_TOKEN, Route
from keyplan.wiring.ci.routes import AWS_CREDENTIALS, calls_as_itself, federation_lines, gcp_credentials
from keyplan.wiring.consumers import keys_of, refused, require_distinct, role_of
from keyplan.wiring.gcp.reader import WRITE_AGAIN, provider_of, store_url, versions_of
from keyplan.wiring.syntax import shell

ROLE_DURATION_SECONDS = 900
CALLING_SECONDS = 3600  # of a role whose program calls models itself: what every role allows at most
SESSION_NAME_PREFIX_MAX = 40  # RoleSessionName holds 64 characters, and a build's number takes up to 20
AWS_AUDIENCE = "sts.amazonaws.com"  # what the trust of a role compares, where a CI lets a job choose

# The script's own variables: a plain variable of such a name would be lost.
OWN_VARIABLES = ("token", "credentials", "access", "secret", "session", "value", "line", "folder")

_AWS_CREDENTIALS = """\
credentials="$(printf %s "$token" | aws sts assume-role-with-web-identity --region {region} \\
  --role-arn {role} --role-session-name {session} \\
  --web-identity-token file:///dev/stdin --duration-seconds {seconds} \\
  --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)"
read -r access secret session < <(printf '%s\\n' "$credentials")
"""
# jq's own messages are dropped: they can quote what they read.
_AWS_READ = """\
read_key() {{ # variable, secret, field of the stored object
  local value line
  value="$(AWS_ACCESS_KEY_ID="$access" AWS_SECRET_ACCESS_KEY="$secret" AWS_SESSION_TOKEN="$session" \\
    aws secretsmanager get-secret-value --region {region} --secret-id "$2" --version-stage AWSCURRENT \\
      --output json |
    jq -er --arg field "$3" '.SecretString | fromjson | .[$field] | strings | select(.!="")' 2>/dev/null)" ||
    {{ echo "$1 was not read: no access to $2, or no text in its field $3" >&2; return 1; }}
"""
_GCP_CREDENTIALS = """\
access="$(TOKEN="$token" jq -n --arg audience {audience} \\
  '{{audience: $audience, subjectToken: env.TOKEN,
    grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
    requestedTokenType: "urn:ietf:params:oauth:token-type:access_token",
    subjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
    scope: "https://www.googleapis.com/auth/cloud-platform"}}' |
  curl --silent --show-error --fail --max-time 30 --retry 2 --header 'Content-Type: application/json' \\
    --data @- {exchange}/v1/token | jq -er .access_token)"
"""
_GCP_READ = """\
read_key() {{ # variable, version of a secret
  local value line
  value="$(printf 'Authorization: Bearer %s\\n' "$access" |
    curl --silent --show-error --fail --max-time 30 --retry 2 --header @- {store}/v1/"$2":access |
    jq -er '.payload.data | strings | select(.!="")' 2>/dev/null | base64 --decode)" ||
    {{ echo "$1 was not read: no access to $2, or nothing is stored there" >&2; return 1; }}
"""
_HAND_ON = """\
  export "$1=$value"
}
"""


@dataclass(frozen=True)
class Runner:
    """What differs between the CIs."""

    identity: str  # shell words that give the identity token; `{audience}` is what it shall be for
    build: str  # shell variable: the build's number, for CloudTrail
    mask: str  # lines of read_key that hide `$value` in the log; empty where the CI cannot
    forget: tuple[str, ...] = ()  # the CI's variables with an identity, which the program shall not have
    # Lines that set `access`, `secret` and `session` where the step has the role already; else it is taken.
    aws_credentials: str = ""
    # As `identity`, for Anthropic, in a CI whose job says in another way what that token is for.
    identity_for_anthropic: str | None = None


def script(
    manifest: Manifest,
    consumer: ManifestConsumer,
    pins: Mapping[str, int],
    runner: Runner,
    exported: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The script, which ends with a line that stands for the program.

    Args:
        exported: plain variables that the script sets for the program, in a CI that has no place for them.

    Raises:
        ManifestError: no role or provider, a key that the manifest lacks, or two variables of one name.
        UsageError: the manifest names a host that is not the cloud's own, a variable that bash cannot set,
            or a CI without a token for Anthropic.
    """
    variables = tuple(key.env_var for key in keys_of(manifest, consumer))
    require_distinct(consumer, [*OWN_VARIABLES, *runner.forget, *consumer.env, *variables])
    exports = "".join(_export(consumer, name, value) for name, value in exported.items())
    exports += federation_lines(consumer, runner.identity, runner.identity_for_anthropic)
    calls = calls_as_itself(consumer, variables)
    needed = [*variables, *_of_route(consumer, calls)]
    present = " && ".join(f'test -n "${name}"' for name in needed) or "true"
    if not needed:
        return f"set -euo pipefail\n{exports}{present}\n"
    on_gcp = consumer.cloud == "gcp"
    parts, own = "", [*runner.forget]
    if variables or calls:
        become = _gcp if on_gcp else _aws
        parts = become(manifest, consumer, pins, runner)
        access = [] if on_gcp and not variables else ["access"]
        own = ["token", *access, *([] if on_gcp else ["secret", "session", "credentials"]), *own]
    unset = f"unset {' '.join(own)}\n" if own else ""
    return f"set +x -euo pipefail\n{parts}{exports}{unset}{present}\n"


def _of_route(consumer: ManifestConsumer, calls: bool) -> list[str]:
    """The variables that the route gives the program, beside those of keys."""
    if calls:
        return ["AWS_SESSION_TOKEN" if consumer.cloud == "aws" else "GOOGLE_APPLICATION_CREDENTIALS"]
    return [IDENTITY_TOKEN] if consumer.route == Route.FEDERATION else []


def _export(consumer: ManifestConsumer, name: str, value: str) -> str:
    try:
        return f"{shell.export(name, value)}\n"
    except ValueError as error:
        raise refused(consumer, name, str(error)) from None


def _aws(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int], runner: Runner) -> str:
    region = shlex.quote(manifest.on_aws().region)
    keys = keys_of(manifest, consumer)
    reads = [shlex.join(["read_key", key.env_var, key.on_aws().arn, key.on_aws().json_key]) for key in keys]
    calls = calls_as_itself(consumer, tuple(key.env_var for key in keys))
    rest = (AWS_CREDENTIALS if calls else "") + _reading(runner, _AWS_READ.format(region=region), reads)
    if runner.aws_credentials:
        return runner.aws_credentials + rest
    prefix = re.sub(r"[^A-Za-z0-9_.-]", "-", consumer.name)[:SESSION_NAME_PREFIX_MAX]
    credentials = _AWS_CREDENTIALS.format(
        role=shlex.quote(role_of(consumer)),
        session=f'"{prefix}-${runner.build}"',
        seconds=CALLING_SECONDS if calls else ROLE_DURATION_SECONDS,
        region=region,
    )
    return _token(runner, AWS_AUDIENCE) + credentials + rest


def _gcp(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int], runner: Runner) -> str:
    provider, exchange = provider_of(consumer), exchange_url(manifest)
    reads = [
        shlex.join(["read_key", version.env_var, version.name])
        for version in versions_of(manifest, consumer, pins)
    ]
    credentials = gcp_credentials(provider.name, exchange) if calls_as_itself(consumer) else ""
    if reads:
        credentials += _GCP_CREDENTIALS.format(
            audience=shlex.quote(f"//iam.googleapis.com/{provider.name}"), exchange=shlex.quote(exchange)
        )
    read = _GCP_READ.format(store=shlex.quote(store_url(manifest)))
    return _token(runner, provider.audience) + credentials + _reading(runner, read, reads)


def _token(runner: Runner, audience: str) -> str:
    return f'token="{runner.identity.format(audience=audience)}"\n'


def _reading(runner: Runner, read: str, calls: list[str]) -> str:
    if not calls:
        return ""
    return read + runner.mask + _HAND_ON + "".join(f"{call}\n" for call in calls)


def exchange_url(manifest: Manifest) -> str:
    """Where Google trades tokens, without a slash at its end."""
    endpoint = endpoint_for("sts", manifest.on_gcp().endpoints, "gcp")
    if endpoint is None:
        return "https://sts.googleapis.com"
    if not (endpoint.is_google or endpoint.is_sandbox):
        raise UsageError(
            f"the manifest names {endpoint.host} for sts, which is not Google's own host: "
            "no wiring sends an identity token there",
            WRITE_AGAIN,
        )
    return endpoint.url
