"""Whose credentials sign, and whether the short road may be taken. botocore's chain decides wherever there is
doubt.

Three answers, in order: the sandbox's dummy credentials for an endpoint on this machine; the environment's,
when nothing else could come before or change them; botocore's whole chain (profiles, SSO, web identity,
processes, containers, instances). Likewise the transport: any setting that changes where or how botocore
would connect (FIPS, dual stack, other endpoints, proxies, other certificates) means that botocore connects.
"""

from __future__ import annotations

import os

from keyplan.stores.aws_signature import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What every emulator accepts. Fixed, so that no real credential ever reaches one.
SANDBOX_CREDENTIALS = Credentials("testing", "testing")
# The partitions whose host names follow `secretsmanager.REGION.SUFFIX` and need no further settings.
DNS_SUFFIX = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}

# With one of these set, botocore's chain has more to say than the two access key variables.
_CHAIN_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CREDENTIAL_EXPIRATION")
_TRANSPORT_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "AWS_DATA_PATH",
)
_TRANSPORT_SETTINGS = (
    "endpoint_url",
    "use_fips",
    "use_dualstack",
    "ca_bundle",
    "services",
    "proxy",
    "data_path",
)


def from_environment(environ: Mapping[str, str]) -> Credentials | None:
    """The environment's credentials, when botocore's chain would come to the same; otherwise None.

    botocore takes AWS_SECURITY_TOKEN before AWS_SESSION_TOKEN; so does this.
    """
    if any(environ.get(name) for name in _CHAIN_VARIABLES):
        return None
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    token = environ.get("AWS_SECURITY_TOKEN") or environ.get("AWS_SESSION_TOKEN") or None
    if not access_key or not secret_key:
        return None
    if not all(_is_header_text(text) for text in (access_key, secret_key, token or "x")):
        return None
    return Credentials(access_key, secret_key, token)


def is_plain_transport(environ: Mapping[str, str], partition: str) -> bool:
    """Whether a direct connection to the region's own host is what botocore would make."""
    if partition not in DNS_SUFFIX or any(environ.get(name) for name in _TRANSPORT_VARIABLES):
        return False
    return not any(setting in _config_text(environ) for setting in _TRANSPORT_SETTINGS)


def _config_text(environ: Mapping[str, str]) -> str:
    """The AWS configuration file's text: a setting in any profile is enough to leave the matter to
    botocore.
    """
    path = os.path.expanduser(environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _is_header_text(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip()
