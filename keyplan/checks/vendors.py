"""Vendors in a catalogue: the fields that some vendors' keys have, and the variables that each uses.

What a value of a vendor looks like, and how the vendor is asked about one, is `keyplan.vendors`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from keyplan.checks.fields import Field, Node, Record, entries, text
from keyplan.checks.formats import regular_expression
from keyplan.checks.pasted import show
from keyplan.checks.problems import Reported, nearest
from keyplan.endpoints import endpoint_mistake, url_mistake


class Vendor(StrEnum):
    """Whose key it is."""

    ANTHROPIC = "anthropic"
    ANTHROPIC_ADMIN = "anthropic-admin"
    GATEWAY = "gateway"
    GENERIC = "generic"


DEFAULT_VARIABLES = {
    Vendor.ANTHROPIC: "ANTHROPIC_API_KEY",
    Vendor.ANTHROPIC_ADMIN: "ANTHROPIC_ADMIN_API_KEY",
    Vendor.GATEWAY: "ANTHROPIC_AUTH_TOKEN",
}
DEFAULT_CHECK_HEADER = "Authorization"
# What Anthropic's clients take a variable's content for, whoever wrote it there. A gateway's token may be in
# either of the first two: some gateways read x-api-key, others a Bearer token.
_HOLDS = {
    "ANTHROPIC_API_KEY": ("an API key", (Vendor.ANTHROPIC, Vendor.GATEWAY)),
    "ANTHROPIC_AUTH_TOKEN": ("the token of a gateway", (Vendor.GATEWAY,)),
    "ANTHROPIC_ADMIN_API_KEY": ("an Admin API key", (Vendor.ANTHROPIC_ADMIN,)),
    "ANTHROPIC_ADMIN_KEY": ("an Admin API key", (Vendor.ANTHROPIC_ADMIN,)),
}
_WANTS = {
    Vendor.ANTHROPIC: "an API key",
    Vendor.ANTHROPIC_ADMIN: "an Admin API key",
    Vendor.GATEWAY: "a gateway's token",
}
# Headers that say something about the message or the connection, or that a proxy on the way would keep.
_NO_HEADERS_FOR_KEYS = frozenset(
    {"accept", "connection", "content-length", "content-type", "cookie", "expect", "host", "te"}
    | {"proxy-authorization", "proxy-connection", "trailer", "transfer-encoding", "upgrade", "user-agent"}
)


def vendor_url(node: Node, mistake_of: Callable[[str], str | None] = url_mistake) -> str:
    """An address that values are sent to. One with a user or a query is not shown: a token may be in it."""
    value = node.value
    mistake = mistake_of(value) if isinstance(value, str) else "expected https://HOST, with or without a path"
    if mistake is None:
        return str(value)
    found = meant = None
    if isinstance(value, str):
        meant = _meant_url(value, mistake_of)
        if re.search(r"[@?#]", value):
            found = "an address with a user, a query or a fragment (hidden)"
    raise node.reject(mistake.removeprefix("expected "), found, meant)


def _meant_url(given: str, mistake_of: Callable[[str], str | None]) -> str | None:
    """`llm.example.com/` -> `https://llm.example.com`."""
    scheme, separator, rest = given.strip().rpartition("://")
    rest = re.sub(r"[?#].*$", "", re.sub(r"^[^/]*@", "", rest)).rstrip("/")
    for start in (f"{scheme.lower()}{separator}", "https://"):
        for meant in (start + rest, start + rest.partition("/")[0]):
            if start and mistake_of(meant) is None:
                return meant
    return None


def _base_url(node: Node) -> str:
    value = vendor_url(node)
    # Clients put `/v1/messages` behind it.
    meant = re.sub(r"/v1(/messages)?$", "", value)
    if meant != value:
        raise node.reject(
            "the gateway's address without `/v1`, which clients add themselves", suggestion=meant
        )
    return value


_header_name = text(
    r"[A-Za-z][A-Za-z0-9-]*",
    "the name of an HTTP header, as in `x-api-key`; `Authorization` takes the value as a Bearer token",
    lambda given: re.sub(r"[^A-Za-z0-9]+", "-", given.partition(":")[0].strip()).strip("-"),
    64,
)


def _check_header(node: Node) -> str:
    value = _header_name(node)
    if value.lower() in _NO_HEADERS_FOR_KEYS:
        raise node.reject("a header for credentials, as in `x-api-key`: this one is for something else")
    return value


FIELDS = (
    Field(
        "format",
        regular_expression,
        "regular expression",
        "what a value has to match as a whole; only for gateway and generic, Anthropic's formats are known",
        "sk-or-v1-[0-9a-f]{64}",
        default_text="any value",
    ),
    Field(
        "organization",
        text(
            r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            "the organization's id, a UUID in lower case, as the Console's settings show it",
            lambda given: given.strip().lower(),
        ),
        "UUID",
        "only for anthropic and anthropic-admin: the organization that a value has to belong to; one of "
        "another is refused",
        "1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f",
        default_text="any",
    ),
    Field(
        "workspace",
        text(
            r"wrkspc_[A-Za-z0-9]{1,64}",
            "the workspace's id, as in `wrkspc_…`",
            lambda given: match[0] if (match := re.search(r"wrkspc_[A-Za-z0-9]+", given)) else None,
        ),
        "workspace id",
        "only for anthropic: the workspace that a value has to belong to; one of another is refused",
        "wrkspc_01JwExampleWorkspace",
        default_text="any",
    ),
    Field(
        "baseUrl",
        _base_url,
        "URL",
        "only for gateway, and required there: its address, which is the only one that its token is sent to; "
        "consumers get it as `ANTHROPIC_BASE_URL`",
        "https://llm.example.com",
        default_text="none",
    ),
    Field(
        "checkUrl",
        vendor_url,
        "URL",
        "only for generic: what a GET request to the vendor asks whether a value is alive: 2xx says that it "
        "is, 401 that it is not",
        "https://openrouter.ai/api/v1/key",
        default_text="none: nobody is asked",
    ),
    Field(
        "checkHeader",
        _check_header,
        "header name",
        "only for generic, with `checkUrl`: the header that takes the value there",
        "x-api-key",
        default_text=f"`{DEFAULT_CHECK_HEADER}`, as a Bearer token",
    ),
)
_BELONGS_TO = {
    "format": (Vendor.GATEWAY, Vendor.GENERIC),
    "organization": (Vendor.ANTHROPIC, Vendor.ANTHROPIC_ADMIN),
    "workspace": (Vendor.ANTHROPIC,),
    "baseUrl": (Vendor.GATEWAY,),
    "checkUrl": (Vendor.GENERIC,),
    "checkHeader": (Vendor.GENERIC,),
}


def vendor_endpoints(node: Node) -> Mapping[str, str]:
    """The section `vendorEndpoints:`. Admin API keys go where Anthropic's do; others say it themselves."""
    result = {}
    wrong = False
    for name, child in entries(node).items():
        if name != Vendor.ANTHROPIC:
            own = "; its keys name their own address" if name in (Vendor.GATEWAY, Vendor.GENERIC) else ""
            child.reject(
                f"`{Vendor.ANTHROPIC}`{own}", f"{show(name)} as a vendor", nearest(name, [Vendor.ANTHROPIC])
            )
            wrong = True
            continue
        try:
            result[name] = vendor_url(child, endpoint_mistake)
        except Reported:
            wrong = True
    if wrong:
        raise Reported
    return MappingProxyType(result)


def check_vendor_fields(node: Node, record: Record) -> None:
    """Report what the key's vendor does not have, and what it lacks."""
    vendor: Vendor | None = record.get("vendor")
    if vendor is None:
        return  # reported by itself; what belongs to it is unknown
    for name, owners in _BELONGS_TO.items():
        if name in node.value and vendor not in owners:
            # Its own mistakes, where it has any, are reported already; then it may not be shown.
            found = None if record.sound(name) else "a field of another vendor"
            allowed = f"no `{name}` with vendor {vendor}; it belongs to {' and '.join(owners)}"
            if name == "format":
                allowed = f"no format for vendor {vendor}: its format is known and checked"
            node.child(name, node.value[name]).reject(allowed, found)
    if vendor is Vendor.GATEWAY and record.sound("baseUrl") and record.get("baseUrl") is None:
        node.child("baseUrl", None).reject(
            "the gateway's address, as in `https://llm.example.com`: a token belongs to one host"
        )
    if record.sound("checkUrl", "checkHeader") and record.get("checkHeader") and not record.get("checkUrl"):
        node.child("checkUrl", None).reject("the address that `checkHeader` is for")


def key_variable(node: Node, record: Record) -> str | None:
    """The variable of a key: the one given, or its vendor's own. None after reporting that there is none."""
    variable: str | None = record.get("envVar")
    vendor: Vendor | None = record.get("vendor")
    child = node.child("envVar", variable)
    if vendor is None:
        return variable
    if variable is None:
        if vendor is Vendor.GENERIC:
            child.reject("the variable that programs read this key from, as in `OPENROUTER_API_KEY`")
        return DEFAULT_VARIABLES.get(vendor)
    if variable in _HOLDS and vendor in _WANTS:
        held, vendors = _HOLDS[variable]
        if vendor not in vendors:
            child.reject(
                f"a variable for {_WANTS[vendor]}; {variable} holds {held}",
                suggestion=DEFAULT_VARIABLES[vendor],
            )
    return variable
