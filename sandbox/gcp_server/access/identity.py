"""Whose request it is: what a credential of the sandbox says, and which policy members mean that identity.

A credential is `sandbox:` and the member that IAM would know the caller by, with what else is known of it as
a query, each value percent-encoded:

    sandbox:user:ada@example.com?group=ops@example.com
    sandbox:serviceAccount:web@keyplan-sandbox.iam.gserviceaccount.com
    sandbox:principal://iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/POOL/subject/SUB
        ?attribute.repository_id=42&group=ops

The token exchange gives out the last form. Anybody can write one: the sandbox proves what policies allow, not
that somebody is who it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

from sandbox.gcp_server.errors import unauthenticated

PREFIX = "sandbox:"
ACCOUNT = re.compile(r"(user|serviceAccount):[^\s@?]+@[^\s@?]+")
CLUSTER_ACCOUNT = re.compile(r"serviceAccount:[a-z0-9-]+\.svc\.id\.goog\[[^\s/\]]+/[^\s/\]]+\]")
POOL = r"//iam\.googleapis\.com/projects/[^/\s]+/locations/global/workloadIdentityPools/[^/\s]+"
FEDERATED = re.compile(rf"principal:({POOL})/subject/(\S.*)")
MEMBER = re.compile(
    rf"allUsers|allAuthenticatedUsers|(user|group):[^\s@]+@[^\s@]+|domain:[^\s:]+"
    rf"|serviceAccount:(?:[^\s@]+@[^\s@]+|[a-z0-9-]+\.svc\.id\.goog\[[^\s/\]]+/[^\s/\]]+\])"
    rf"|principal:{POOL}/subject/\S.*"
    rf"|principalSet:{POOL}/(?:\*|group/\S.*|namespace/\S+|attribute\.[A-Za-z0-9_]+/\S.*)"
    rf"|project(?:Owner|Editor|Viewer):\S+|deleted:\S+\?uid=\d+"
)
EXPECTED = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


@dataclass(frozen=True)
class Identity:
    """A caller."""

    member: str  # as policies name it
    groups: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)  # of a federated identity

    @property
    def email(self) -> str:
        """The address of a user or a service account; "" for a federated identity."""
        kind, _, rest = self.member.partition(":")
        return rest if kind in ("user", "serviceAccount") else ""

    @property
    def pool(self) -> str:
        """//iam.googleapis.com/…/workloadIdentityPools/POOL of a federated identity, else ""."""
        match = FEDERATED.fullmatch(self.member)
        return match.group(1) if match else ""

    def is_meant_by(self, member: str) -> bool:
        """Whether a policy's member is this identity or a set that it belongs to."""
        if member in ("allUsers", self.member):
            return True
        if self.email and member.lower() == self.member.lower():  # addresses have no capitals
            return True
        if member == "allAuthenticatedUsers":
            return bool(self.email)  # identities of other providers do not count
        kind, _, rest = member.partition(":")
        if kind == "group":
            return bool(self.email) and rest.lower() in {group.lower() for group in self.groups}
        if kind == "domain":
            return self.member.startswith("user:") and self.email.lower().endswith("@" + rest.lower())
        if kind == "principalSet":
            return self._is_in_set(rest)
        return False

    def _is_in_set(self, name: str) -> bool:
        if not self.pool or not name.startswith(self.pool + "/"):
            return False
        kind, _, value = name.removeprefix(self.pool + "/").partition("/")
        if kind == "*":
            return True
        if kind == "group":
            return value in self.groups
        if kind == "namespace":  # of a Kubernetes cluster's pool
            return self.member.split("/subject/", 1)[1].startswith(f"ns/{value}/sa/")
        return kind.startswith("attribute.") and self.attributes.get(kind.removeprefix("attribute.")) == value


def read_credential(header: str, service: str) -> Identity:
    """The identity in an Authorization header. Raises UNAUTHENTICATED without one, or with a wrong one."""
    if not header:
        raise unauthenticated(
            f"Request is missing required authentication credential. {EXPECTED}",
            "CREDENTIALS_MISSING",
            service,
        )
    scheme, _, token = header.partition(" ")
    identity = read_token(token.strip()) if scheme.lower() == "bearer" else None
    if identity is None:
        raise unauthenticated(
            f"Request had invalid authentication credentials. {EXPECTED}",
            "ACCESS_TOKEN_TYPE_UNSUPPORTED",
            service,
        )
    return identity


def read_token(token: str) -> Identity | None:
    """The identity that a token is of; None for what is no token of the sandbox."""
    if not token.startswith(PREFIX):
        return None
    name, _, rest = token.removeprefix(PREFIX).partition("?")
    member = unquote(name) if name.startswith("principal:") else name
    if not (ACCOUNT.fullmatch(member) or CLUSTER_ACCOUNT.fullmatch(member) or FEDERATED.fullmatch(member)):
        return None
    groups, attributes = set(), {}
    for key, value in parse_qsl(rest, keep_blank_values=True):
        if key == "group":
            groups.add(value)
        elif key.startswith("attribute."):
            attributes[key.removeprefix("attribute.")] = value
        else:
            return None
    return Identity(member, frozenset(groups), attributes)


def write_token(identity: Identity) -> str:
    """The credential of an identity."""
    name = identity.member
    if name.startswith("principal:"):
        name = quote(name, safe=":/@.-_~")
    facts = [f"group={quote(group, safe='@')}" for group in sorted(identity.groups)]
    facts += [
        f"attribute.{key}={quote(value, safe='')}" for key, value in sorted(identity.attributes.items())
    ]
    return PREFIX + name + ("?" + "&".join(facts) if facts else "")
