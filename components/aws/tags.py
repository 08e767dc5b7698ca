"""The tags of everything that takes tags: the environment, who owns it, and who manages it. Pure."""

from __future__ import annotations

from keyplan.catalogue import Key

MANAGED_BY = "keyplan"
URL_TAG = "keyplan:url"  # keyplan.stores.aws_versions reads it: a value goes to no other address


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


def secret_tags(environment: str, key: Key) -> dict[str, str]:
    """The tags of a key's secret: with the address that its value is sent to, where it has one."""
    found = tags(environment, key.owner, key.vendor)
    return found if key.url is None else {**found, URL_TAG: key.url}
