"""The Admin API of an organization at Anthropic: its keys, what they are used for, and deactivating one.

Owns the requests and their pages. The Admin API cannot make keys and never shows a value. What a vendor's
text says, a key's name among it, is anybody's text: control characters and pasted keys are taken out of it.

Source: Admin API reference (platform.claude.com/docs/en/api/admin): "List API Keys", "Update API Key",
"Get Messages Usage Report", "Get Current Organization"; "Usage and Cost API"
(platform.claude.com/docs/en/manage-claude/usage-cost-api); types of the Python SDK 2.12, in which `scope`
replaces `workspace_id`, so that both are read. Checked 2026-11-21.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from keyplan.errors import KeyplanError, VendorError
from keyplan.secret_value import SecretValue
from keyplan.vendors.anthropic_replies import API_URL, VERSION, WHO, error_of
from keyplan.vendors.organization_pages import (
    DEFAULT_WORKSPACE,
    Usage,
    VendorKey,
    printable,
    same_hint,
    use_of_keys,
    vendor_key,
)
from keyplan.vendors.replies import an_id, json_object
from keyplan.vendors.road import is_sandbox
from keyplan.vendors.talk import Silence, can_be_sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Any

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.vendors.road import VendorRoad
    from keyplan.vendors.verdicts import Reply

__all__ = ["DEFAULT_WORKSPACE", "Organization", "Usage", "VendorError", "VendorKey", "admin_of"]

ADMIN_VENDOR = "anthropic-admin"
ADMIN_VARIABLES = ("ANTHROPIC_ADMIN_API_KEY", "ANTHROPIC_ADMIN_KEY")
KEYS_PATH = "/v1/organizations/api_keys"
USAGE_PATH = "/v1/organizations/usage_report/messages"
# The most that a page has. Source: "List API Keys" (limit), "Get Messages Usage Report" (limit by width).
KEYS_A_PAGE = 1000
BUCKETS_A_PAGE = {"1d": 31, "1h": 168, "1m": 1440}
PAGES_MAX = 1000  # of a listing that never ends, whatever it is
# How often the report may be asked for. Source: "Usage and Cost API": once a minute; its pages at once.
USAGE_EVERY_SECONDS = 60.0


class Organization:
    """The organization that an admin key manages; one thread's own.

    Args:
        road: the way to the vendor.
        admin_value: the admin key.
    """

    def __init__(self, road: VendorRoad, admin_value: SecretValue) -> None:
        self._road = road
        self._value = admin_value
        self._keys: list[VendorKey] | None = None
        self._usage: dict[tuple[str, str, str], tuple[float, dict[str, Usage]]] = {}

    def keys(self) -> list[VendorKey]:
        """Every key of the organization, asked for once.

        Raises:
            VendorError: the list could not be had as a whole.
        """
        if self._keys is None:
            self._keys = list(self._listed())
        return list(self._keys)

    def find(self, hint: str | None) -> list[VendorKey]:
        """The keys that a version's label can mean: none where it has no hint, more than one by chance."""
        return [key for key in self.keys() if same_hint(key.hint, hint)]

    def set_status(self, key_id: str, status: str) -> VendorKey:
        """Let a key's programs use it no more (`inactive`), or again (`active`). Doing it twice is as once.

        Raises:
            VendorError: it was not done, or nobody can tell.
        """
        if an_id(key_id) is None:
            raise ValueError("not the id of a key")
        found = self._call("POST", f"{KEYS_PATH}/{key_id}", "change a key", {"status": status})
        key = vendor_key(found)
        if key is None or key.id != key_id or key.status != status:
            raise _nonsense("change a key")
        if self._keys is not None:
            self._keys = [key if other.id == key_id else other for other in self._keys]
        return key

    def usage(self, since: datetime, until: datetime, bucket: str = "1d") -> dict[str, Usage]:
        """What each key was used for, by its id; a key without an entry was not used.

        The report is some minutes behind. It is asked for at most once a minute; a second call within that
        time gets what the first one got.

        Args:
            since: from when; aware.
            until: until when; aware.
            bucket: how exact times are: `1h` or `1d`.

        Raises:
            VendorError: the report could not be had as a whole.
        """
        question = (_text(since), _text(until), bucket)
        asked, found = self._usage.get(question, (None, {}))
        if asked is None or time.monotonic() - asked >= USAGE_EVERY_SECONDS:
            found = self._used(*question)
            self._usage[question] = (time.monotonic(), found)
        return dict(found)

    def describe(self) -> tuple[str, str]:
        """The organization's id and name. Raises VendorError."""
        found = self._call("GET", "/v1/organizations/me", "see the organization")
        organization_id = an_id(found.get("id"))
        if organization_id is None:
            raise _nonsense("see the organization")
        return organization_id, printable(found.get("name"))

    def _listed(self) -> Iterator[VendorKey]:
        query: dict[str, Any] = {"limit": KEYS_A_PAGE}
        for _page in range(PAGES_MAX):
            found = self._call("GET", f"{KEYS_PATH}?{urlencode(query)}", "list keys")
            data = found.get("data")
            if not isinstance(data, list):
                raise _nonsense("list keys")
            for document in data:
                key = vendor_key(document)
                if key is None:
                    raise _nonsense("list keys")
                yield key
            last_id = an_id(found.get("last_id"))
            if not found.get("has_more"):
                return
            if last_id is None or last_id == query.get("after_id"):
                break
            query["after_id"] = last_id
        raise _nonsense("list keys")

    def _used(self, since: str, until: str, bucket: str) -> dict[str, Usage]:
        query: list[tuple[str, str]] = [
            ("starting_at", since),
            ("ending_at", until),
            ("bucket_width", bucket),
            ("group_by[]", "api_key_id"),
            ("group_by[]", "workspace_id"),
            ("limit", str(BUCKETS_A_PAGE[bucket])),
        ]
        together: dict[str, Usage] = {}
        page: str | None = None
        for _page in range(PAGES_MAX):
            asked = query if page is None else [*query, ("page", page)]
            found = self._call("GET", f"{USAGE_PATH}?{urlencode(asked)}", "see what keys are used for")
            used = use_of_keys(found)
            if used is None:
                break
            for key_id, use in used.items():
                together[key_id] = together[key_id].joined(use) if key_id in together else use
            if not found.get("has_more"):
                return together
            following = found.get("next_page")
            if not isinstance(following, str) or following == page:
                break
            page = following
        raise _nonsense("see what keys are used for")

    def _call(
        self, method: str, target: str, what: str, body: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """One request, and the object that it answers; `what` is for the words of an error."""
        content = None if body is None else json.dumps(body).encode()
        url = self._road.manifest.vendor_endpoints.get("anthropic", API_URL)
        talk = self._road.talk(ADMIN_VENDOR, url)
        headers = {"anthropic-version": VERSION}
        deadline = time.monotonic() + self._road.timeout_seconds
        try:
            reply = talk.ask(method, target, headers, ("x-api-key", "", self._value), deadline, content)
        except Silence as silence:
            raise VendorError(
                f"{WHO} gave no answer when asked to {what}: {silence.words}", "run it again later"
            ) from None
        found = json_object(reply.content)
        if reply.status == 200 and found is not None:
            return found
        raise _error(reply, what)


def admin_of(
    manifest: Manifest, road: VendorRoad, read: Callable[[ManifestKey], SecretValue | None]
) -> Organization | None:
    """The organization of the environment's admin key, or None where there is none for the caller.

    The admin key is ANTHROPIC_ADMIN_API_KEY (or ANTHROPIC_ADMIN_KEY) of the process, else the stored key of
    vendor `anthropic-admin`. Against the sandbox only the stored one is used: a real admin key of the shell
    is never sent there.

    Args:
        manifest: the environment's.
        road: the way to the vendor.
        read: reads the current value of a key; raises KeyplanError or returns None where it may not.
    """
    in_sandbox = is_sandbox(manifest)
    if in_sandbox and "anthropic" not in manifest.vendor_endpoints:
        return None
    for variable in () if in_sandbox else ADMIN_VARIABLES:
        text = road.environ.get(variable)
        if text and can_be_sent(text):
            road.report(f"the admin key is the one of {variable}")
            return Organization(road, SecretValue(text))
    for key in manifest.keys.values():
        if key.vendor != ADMIN_VENDOR:
            continue
        try:
            value = read(key)
        except KeyplanError:
            road.report(f"the admin key {key.name} cannot be read")
            continue
        if value is not None and can_be_sent(value.reveal()):
            return Organization(road, value)
    return None


def _error(reply: Reply, what: str) -> VendorError:
    """Why a request was refused, in keyplan's words."""
    kind, _code = error_of(reply)
    if kind is None or reply.status >= 500:
        return VendorError(
            f"{WHO} cannot be asked to {what} now (HTTP {reply.status})", "run it again later", "unreachable"
        )
    if reply.status == 429:
        return VendorError(
            f"{WHO} takes no more requests now, when asked to {what}", "run it again later", "limited"
        )
    if reply.status == 401:
        hint = "an administrator makes one at https://platform.claude.com/settings/admin-keys"
        return VendorError(
            "the admin key is not taken: it was deleted, has expired or never was", hint, "refused"
        )
    if reply.status == 403:
        return VendorError(f"the admin key may not {what}", None, "refused")
    if reply.status == 404:
        return VendorError(
            f"{WHO} has nothing there, when asked to {what}: is the key deleted?", None, "refused"
        )
    return VendorError(f"{WHO} refuses to {what} (HTTP {reply.status})", None, "refused")


def _nonsense(what: str) -> VendorError:
    return VendorError(f"the answer of {WHO} makes no sense, when asked to {what}", "run it again later")


def _text(moment: datetime) -> str:
    from datetime import UTC

    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
