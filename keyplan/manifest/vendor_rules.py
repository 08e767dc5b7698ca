"""What has to be true in a manifest between keys, their vendors, and who reads them.

A manifest that somebody edited must not send a value to another host than the catalogue's: what can be told
from the document alone is told here; that an address is the one on the secret itself is `keyplan.endpoints`.
Light to import, because `keyplan exec` waits for it.
"""

from __future__ import annotations

from keyplan.environ import base_urls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyplan.environ import Held
    from keyplan.manifest.document import KeyDocument, ManifestDocument

# Fields that some vendors' keys alone have. A vendor that this keyplan does not know is another matter
# (`keyplan.vendors`): its fields are left alone.
VENDORS = ("anthropic", "anthropic-admin", "gateway", "generic")
_BELONGS_TO = {
    "organization": ("anthropic", "anthropic-admin"),
    "workspace": ("anthropic",),
    "baseUrl": ("gateway",),
    "checkUrl": ("generic",),
    "checkHeader": ("generic",),
}


def held(document: ManifestDocument, names: list[str]) -> list[Held]:
    """What a program that gets these keys holds."""
    keys = document["keys"]
    return [
        (name, keys[name]["vendor"], keys[name]["envVar"], keys[name].get("baseUrl"))
        for name in names
        if name in keys
    ]


def about_vendors(document: ManifestDocument, in_sandbox: bool) -> Iterator[str]:
    """Each mistake as `path: what is wrong`, of a document whose shape is right.

    Args:
        in_sandbox: whether the endpoints of its clouds are a sandbox's.
    """
    for name, key in document["keys"].items():
        yield from _of_its_vendor(f"keys.{name}", key)
    for name, consumer in document["consumers"].items():
        for variable, url in base_urls(held(document, consumer["keys"])).items():
            if consumer["env"].get(variable) != url:
                yield f"consumers.{name}.env.{variable}: expected the baseUrl of its gateway's key"
    for vendor, url in document.get("vendorEndpoints", {}).items():
        if url.startswith("http:") and not in_sandbox:
            yield f"vendorEndpoints.{vendor}: it is a sandbox's (http), and the clouds are not: use https"


def _of_its_vendor(path: str, key: KeyDocument) -> Iterator[str]:
    vendor = key["vendor"]
    if vendor not in VENDORS:
        return
    for name, owners in _BELONGS_TO.items():
        if name in key and vendor not in owners:
            yield f"{path}.{name}: it is there, and the key's vendor is {vendor}"
    if vendor == "gateway" and "baseUrl" not in key:
        yield f"{path}.baseUrl: it is missing, and the key's vendor is gateway"
    if "checkHeader" in key and "checkUrl" not in key:
        yield f"{path}.checkUrl: it is missing, and checkHeader is there"
