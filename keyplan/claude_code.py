"""Claude Code as the program that holds a key: which keys it can use, and whether one would go astray.

Pure, and light to import, because Claude Code waits for `keyplan key-helper`. What its settings hold is
`keyplan.wiring.claude`.
Source: Claude Code documentation, "Settings" (apiKeyHelper: run by /bin/sh, its output is sent as X-Api-Key
and as Authorization: Bearer) and "LLM gateways" (code.claude.com/docs, checked 2026-11-21).
"""

from __future__ import annotations

import re

from keyplan.endpoints import ANTHROPIC_HOST
from keyplan.environ import ANTHROPIC_BASE_URL, base_url_variable
from keyplan.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from keyplan.environ import Held

_HTTPS_URL = re.compile(r"https://([A-Za-z0-9.-]+)(?::[0-9]+)?(?:/[!-~]*)?")


def usable(keys: Sequence[Held]) -> list[str]:
    """The names of the keys that Claude Code can send: Anthropic's API keys and tokens of its gateways."""
    return [
        name
        for name, vendor, variable, _ in keys
        if vendor == "anthropic"
        or (vendor == "gateway" and base_url_variable(variable) == ANTHROPIC_BASE_URL)
    ]


def require_right_address(
    key: Held, address: str | None, vendor_url: str | None, trusted_hosts: Collection[str]
) -> None:
    """Raise UsageError where the key would be sent to somebody else. The address is not repeated.

    Args:
        address: ANTHROPIC_BASE_URL in the environment of Claude Code; None or empty where it is not set, and
            then its settings may still set it, so nothing is refused.
        vendor_url: what the manifest has in place of Anthropic's own address, as in a sandbox.
        trusted_hosts: hosts that the person who runs the command confirmed, for keys of Anthropic's own.
    """
    name, vendor, _, gateway_url = key
    if not address:
        return
    bound = gateway_url if vendor == "gateway" else vendor_url
    if bound is not None and address.rstrip("/") == bound.rstrip("/"):
        return
    if vendor == "gateway":
        raise UsageError(
            f"{ANTHROPIC_BASE_URL} is not the baseUrl of the key {name}: its token would go to another host",
            f"unset {ANTHROPIC_BASE_URL}, and let the settings that `keyplan wire claude-code` prints set it",
        )
    match = _HTTPS_URL.fullmatch(address)
    if match is None or match[1].lower() not in {ANTHROPIC_HOST, *trusted_hosts}:
        raise UsageError(
            f"{ANTHROPIC_BASE_URL} is set, and not to Anthropic's address: the key {name} would go there",
            f"unset {ANTHROPIC_BASE_URL}, or confirm its host with --trust-endpoint HOST",
        )
