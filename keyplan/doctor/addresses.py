"""What a setting's text means to the code that follows it: an address to connect to, a file to open, hosts
that a proxy is not for, when a token ends.

Pure. Nothing that is made here is printable: an address and a path may hold what nobody is to see.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from keyplan.doctor.model import Setting

LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
# Source: Claude API, "WIF reference": an assertion has at most 16 KiB (checked 2026-11-21).
TOKEN_SIZE_LIMIT_BYTES = 16 * 1024


@dataclass
class Address:
    """Where to connect."""

    scheme: str = field(repr=False)
    host: str = field(repr=False)
    port: int = field(repr=False)
    authorization: str | None = field(default=None, repr=False)  # what a proxy is told, a header's value

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS."""
        return self.scheme == "https"

    @property
    def is_here(self) -> bool:
        """Whether it is this machine."""
        return LOOPBACK.fullmatch(self.host) is not None

    @property
    def is_sandbox(self) -> bool:
        """What `keyplan.http.exchange` asks: a refused connection is told at once, anywhere."""
        return True


def address_of(text: str) -> Address | None:
    """The address in a URL's text; None where it is none. A missing scheme makes it none."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port or _PORTS.get(parts.scheme, 1080)
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname or _HOST.fullmatch(parts.hostname) is None:
        return None
    authorization = None
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(user.encode()).decode()}"
    return Address(parts.scheme.lower(), parts.hostname, port, authorization)


def address_in(setting: Setting) -> Address | None:
    """The address in a setting; None where it is none, or is worked out only later."""
    return address_of(setting.value.reveal()) if setting.literal else None


def foundry_address(resource: Setting) -> Address | None:
    """The host of a Foundry resource.

    Source: Claude Code documentation, "Microsoft Foundry" (code.claude.com/docs, checked 2026-11-21).
    """
    return address_of(f"https://{resource.value.reveal().strip()}.services.ai.azure.com")


def exempts(setting: Setting, host: str, splits_on_blanks: bool) -> bool:
    """Whether a NO_PROXY names a host, or a domain above it. Claude Code splits it on blanks, too."""
    text = setting.value.reveal()
    names = re.split(r"[\s,]+" if splits_on_blanks else r"\s*,\s*", text.strip())
    bare = [name.lstrip("*").lstrip(".").lower() for name in names]
    below = host.lower()
    return "*" in names or any(name and (below == name or below.endswith(f".{name}")) for name in bare)


def path_in(setting: Setting) -> str | None:
    """The path of a file to open, as it is written; None where the text can be none."""
    text = setting.value.reveal().strip()
    return None if not text or "\0" in text or not setting.literal else text


def name_in(setting: Setting) -> str | None:
    """A name that becomes part of a path, such as a profile's; None where it could lead elsewhere."""
    text = setting.value.reveal().strip()
    return text if re.fullmatch(r"[^./\\\0][^/\\\0]{0,200}", text) else None


def stores_in(setting: Setting | None) -> frozenset[str]:
    """What CLAUDE_CODE_CERT_STORE names: `bundled`, `system` or both, which is the default."""
    known = frozenset({"bundled", "system"})
    words = set() if setting is None else set(re.split(r"[\s,]+", setting.value.reveal().lower()))
    return known & words or known


def expiry_in(setting: Setting) -> float | None:
    """When the token in a setting ends, in seconds since 1970; None where it does not say."""
    return expiry_of_token(setting.value.reveal())


def time_in(setting: Setting) -> float | None:
    """The moment that a setting names in ISO 8601, in seconds since 1970."""
    return moment(setting.value.reveal())


def expiry_of_token(text: str) -> float | None:
    """When a JSON Web Token ends, in seconds since 1970. Its signature is not looked at, and nothing else of
    it either; None where it is none, or does not say.

    Source: RFC 7519, 4.1.4 (checked 2026-11-21).
    """
    parts = text.strip().split(".")
    if len(parts) != 3 or len(text) > TOKEN_SIZE_LIMIT_BYTES:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        return None
    return seconds(claims.get("exp")) if isinstance(claims, dict) else None


def moment(text: object) -> float | None:
    """An ISO 8601 time, with or without Z, in seconds since 1970; one without a zone is in UTC."""
    from datetime import UTC, datetime

    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"UTC$", "+00:00", text.strip()))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def seconds(number: object) -> float | None:
    """A number of seconds since 1970 that can be one, or None."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return None
    return float(number) if 0 <= number < 10**11 else None
