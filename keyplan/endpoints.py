"""Which hosts a command may talk to: the cloud's and the vendor's own, the sandbox's, and those that the user
confirmed.

A manifest is a file that travels: one that names a foreign host must not be able to make `keyplan put` send
a value there. So plain http is for this machine only, and an https host that is not the service's own at its
cloud has to be named by the person who runs the command (`--trust-endpoint HOST`, or KEYPLAN_TRUST_ENDPOINT).
A gateway's or check URL may also be confirmed by the cloud: `pulumi up` writes it on the secret itself.
Pure.
"""

from __future__ import annotations

import re

from keyplan.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

TRUST_VARIABLE = "KEYPLAN_TRUST_ENDPOINT"
# Names under which only AWS serves its services. Source: dnsSuffix and dualStackDnsSuffix of every partition
# in botocore's partitions.json (checked 2026-11-21); a test compares them.
AWS_DNS_SUFFIXES = (
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
)
# Whose services a manifest's endpoints are; the same words as in `clouds` of the manifest.
OWNERS = {"aws": "AWS", "gcp": "Google", "anthropic": "Anthropic"}
# Source: Claude API overview (platform.claude.com/docs/en/api/overview, checked 2026-11-21).
ANTHROPIC_HOST = "api.anthropic.com"
# No path, user, query or fragment: nothing that two URL parsers could understand in two ways.
_FORM = r"(https?)://(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::([1-9][0-9]{0,4}))?/?"
_LOOPBACK = r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]"
# An address with a path, of characters that AWS lets a tag's value have: the secret names it in one.
# Source: "Tag naming limits and requirements", AWS tagging guide (checked 2026-11-21).
_PATH = r"(?:/[A-Za-z0-9+=_:@-][A-Za-z0-9.+=_:@-]*)*"
_URL = rf"(https?://[A-Za-z0-9.-]{{1,253}}(?::[1-9][0-9]{{0,4}})?){_PATH}"
URL_LENGTH_MAX = 256


class Endpoint:
    """One service's address: where to connect, and how much it may be told.

    Args:
        service: as the cloud calls it in its hosts: `secretsmanager`, `secretmanager`, `sts`.
        url: one that `endpoint_mistake` accepts.
        cloud: `aws` or `gcp`, which both have an `sts`; `anthropic`, or `` for a host that is nobody's.
    """

    __slots__ = ("cloud", "host", "port", "secure", "service", "url")

    def __init__(self, service: str, url: str, cloud: str = "aws") -> None:
        match = re.fullmatch(_FORM, url)
        if match is None or endpoint_mistake(url):
            raise ValueError("not an endpoint that endpoint_mistake() accepts")
        self.cloud = cloud
        self.service = service
        self.url = url.rstrip("/")
        self.secure = match[1] == "https"
        self.host = match[2].lower()
        self.port = int(match[3] or (443 if self.secure else 80))

    @property
    def authority(self) -> str:
        """What the Host header says: the host, and the port where it is not the scheme's own.

        Source: RFC 9110, 7.2 and 4.2.1 to 4.2.2 (checked 2026-11-21).
        """
        default_port = 443 if self.secure else 80
        return self.host if self.port == default_port else f"{self.host}:{self.port}"

    @property
    def is_sandbox(self) -> bool:
        """Plain http on this machine: the user's own credentials and proxies are never used there."""
        return not self.secure

    @property
    def is_aws(self) -> bool:
        """Whether the host is the service's own at AWS, with or without FIPS, or a VPC endpoint of it.

        The service's name has to be there: anybody can get a host with a valid certificate under
        amazonaws.com (an API Gateway at execute-api, an S3 bucket, a load balancer).
        """
        suffixes = "|".join(map(re.escape, AWS_DNS_SUFFIXES))
        service = re.escape(self.service) + "(-fips)?"
        region = r"[a-z]{2,}(-[a-z0-9]+)+"
        form = rf"({service}(\.{region})?|vpce-[a-z0-9-]+\.{service}\.{region}\.vpce)\.({suffixes})"
        return self.port == 443 and re.fullmatch(form, self.host) is not None

    @property
    def is_google(self) -> bool:
        """Whether the host is the service's own at Google: global, of a region, or for mutual TLS.

        The service's name has to be all of it: buckets of strangers have names under googleapis.com too.
        `SERVICE-ENDPOINT.p.googleapis.com` is somebody's private endpoint: they have to confirm it.
        Source: rootUrl, mtlsRootUrl and endpoints of Google's discovery documents (checked 2026-11-21).
        """
        region = r"([a-z]{2}|[a-z]+(-[a-z]+)+[0-9]{1,2})"
        form = rf"{re.escape(self.service)}(\.mtls|\.{region}\.rep(\.mtls)?)?\.googleapis\.com"
        return self.port == 443 and re.fullmatch(form, self.host) is not None

    @property
    def is_own(self) -> bool:
        """Whether the host belongs to the cloud or vendor whose service it is to be."""
        if self.cloud == "anthropic":
            return self.host == ANTHROPIC_HOST and self.port == 443
        if self.cloud == "gcp":
            return self.is_google
        return self.cloud == "aws" and self.is_aws


def endpoint_for(service: str, endpoints: Mapping[str, str], cloud: str = "aws") -> Endpoint | None:
    """The address of a service in a manifest, or None for the cloud's own.

    In a sandbox's manifest a service without an entry is at the sandbox too, never at the cloud.
    """
    url = endpoints.get(service)
    if url is None:
        url = next((other for other in endpoints.values() if other.startswith("http:")), None)
    return Endpoint(service, url, cloud) if url else None


def endpoint_mistake(url: str) -> str | None:
    """What is wrong with an endpoint of a manifest, or None: https, or http on a loopback address."""
    match = re.fullmatch(_FORM, url)
    if match is None or int(match[3] or 443) not in range(1, 65536):
        return "expected https://HOST, or http://127.0.0.1:PORT for a sandbox, without a path"
    if match[1] == "http" and re.fullmatch(_LOOPBACK, match[2].lower()) is None:
        return "plain http is for this machine only (127.0.0.1, [::1] or localhost): use https"
    return None


def url_mistake(url: str) -> str | None:
    """What is wrong with an address that a value is sent to, or None.

    As an endpoint, with a path, and without a slash at its end: paths are put behind it.
    """
    match = re.fullmatch(_URL, url)
    if match is None or len(url) > URL_LENGTH_MAX:
        return (
            "expected https://HOST, with or without a path, without a slash at its end, a query or a user, "
            f"of at most {URL_LENGTH_MAX} characters"
        )
    return endpoint_mistake(match[1])


def url_parts(url: str) -> tuple[str, str]:
    """An address's origin and path: `https://gw.example`, `/anthropic`; the path may be empty.

    Raises:
        ValueError: `url_mistake` does not accept it.
    """
    match = re.fullmatch(_URL, url)
    if match is None or url_mistake(url):
        raise ValueError("not an address that url_mistake() accepts")
    return match[1], url.removeprefix(match[1])


def require_trusted_vendor(
    endpoint: Endpoint, trusted_hosts: Collection[str], *, is_bound: bool, in_sandbox: bool
) -> None:
    """Raise UsageError unless a key may be sent there to ask whether it is alive.

    Args:
        endpoint: where to.
        trusted_hosts: what the user confirmed, in lower case.
        is_bound: the secret itself names the address; `pulumi up` wrote it there from the catalogue.
        in_sandbox: every store of the manifest is the sandbox's, so no value in it is a real one.
    """
    if endpoint.host in trusted_hosts:
        return
    if in_sandbox:
        # No real host is told of a sandbox's values, so that trying things out stays on this machine.
        if endpoint.is_sandbox:
            return
        raise UsageError(
            f"this is a sandbox's manifest, and {endpoint.host} is not on this machine: it is not asked",
            f"if you mean it, add: --trust-endpoint {endpoint.host}",
        )
    if endpoint.is_own or is_bound:
        return
    raise UsageError(
        f"the manifest sends values to {endpoint.host} to ask whether they are alive; that is "
        f"{_nobodys(endpoint)}",
        f"if {endpoint.host} is yours, add: --trust-endpoint {endpoint.host} (or set {TRUST_VARIABLE})",
    )


def _nobodys(endpoint: Endpoint) -> str:
    if endpoint.cloud in OWNERS:
        return f"not {OWNERS[endpoint.cloud]}'s own host"
    return "not the address that `pulumi up` wrote on the key's secret"


def require_trusted(endpoint: Endpoint, trusted_hosts: Collection[str]) -> None:
    """Raise UsageError unless a value may go there. `trusted_hosts` come from the user, in lower case."""
    if endpoint.is_sandbox or endpoint.is_own or endpoint.host in trusted_hosts:
        return
    raise UsageError(
        f"the manifest sends {endpoint.service} requests to {endpoint.host}, which is not "
        f"{OWNERS[endpoint.cloud]}'s own host: a value and your credentials would go there",
        f"if {endpoint.host} is yours, add: --trust-endpoint {endpoint.host} (or set {TRUST_VARIABLE})",
    )
