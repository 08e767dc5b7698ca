"""The tags of everything that takes tags: the environment, who owns it, and who manages it. Pure."""

from __future__ import annotations

MANAGED_BY = "keyplan"


def tags(environment: str, owner: str, vendor: str | None = None) -> dict[str, str]:
    """The tags of one resource.

    Args:
        environment: the environment's name.
        owner: the address of who answers for the resource: the key's owner, else the environment's.
        vendor: the vendor of the key that the resource belongs to; none where it serves several keys.

    Returns:
        `environment`, `managed-by`, `owner` and, for a key's own resources, `vendor`.
    """
    found = {"environment": environment, "managed-by": MANAGED_BY, "owner": owner}
    return found if vendor is None else {**found, "vendor": vendor}
