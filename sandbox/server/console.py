"""What a person does at the vendor's console: make a key, look at the keys, use one, end one.

The answers go to `sandbox console` alone. A new key's value is in one of them, this once; nothing keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.vendor_server import Kind, VendorKey, VendorWorld

Answer = dict[str, Any]


def answer(vendor: VendorWorld, given: dict[str, Any]) -> Answer:
    """Do what is asked. Raises KeyError, ValueError or TypeError for what cannot be understood."""
    return _ACTIONS[str(given["do"])](vendor, given)


def _create(vendor: VendorWorld, given: dict[str, Any]) -> Answer:
    created = vendor.create_key(
        str(given["name"]),
        kind=Kind(given["kind"]),
        workspace=given["workspace"],
        expires_in_seconds=given["expires_in_seconds"],
    )
    return {"key": _shown(vendor, created.key, 0.0), "value": created.value}


def _list(vendor: VendorWorld, given: dict[str, Any]) -> Answer:
    used = {use.key_id: use.at for use in vendor.uses()}  # in the order of time: the last one stays
    found = vendor.keys()
    return {
        "organization": {"id": vendor.organization_id, "name": vendor.name},
        "keys": [_shown(vendor, key, used.get(key.id, 0.0)) for key in found],
    }


def _use(vendor: VendorWorld, given: dict[str, Any]) -> Answer:
    key = vendor.key(str(given["id"]))
    if not vendor.is_alive(key):
        return {"used": 0}
    for _ in range(int(given["times"])):
        vendor.use(key, workspace=given["workspace"])
    return {"used": int(given["times"])}


def _deactivate(vendor: VendorWorld, given: dict[str, Any]) -> Answer:
    key = vendor.change(str(given["id"]), status="inactive")
    return {"key": _shown(vendor, key, 0.0)}


def _shown(vendor: VendorWorld, key: VendorKey, used: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "kind": key.kind.value,
        "status": key.status_at(vendor.now()),
        "hint": key.hint,
        "workspace": key.workspace,
        "created": key.created_at,
        "expires": key.expires_at,
        "used": used or None,
    }


_ACTIONS: dict[str, Callable[[VendorWorld, dict[str, Any]], Answer]] = {
    "create": _create,
    "list": _list,
    "use": _use,
    "deactivate": _deactivate,
}
