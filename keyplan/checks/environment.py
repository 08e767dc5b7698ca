"""An environment's configuration as a whole, and the Catalogue made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from keyplan.catalogue import Catalogue, ClaudeCode, Cloud, Consumer, Key
from keyplan.checks import relations
from keyplan.checks.consumers import read_consumer
from keyplan.checks.environment_fields import FIELDS
from keyplan.checks.fields import Node, Record, boolean, entries, read_record
from keyplan.checks.formats import NAME_ALLOWED, as_name, is_name
from keyplan.checks.keys import Inherited, read_key
from keyplan.checks.pasted import show
from keyplan.checks.problems import Path, Problems, Reported
from keyplan.checks.walk import without_pasted_keys
from keyplan.names import ENVIRONMENT_NAME_MAX, NAME_MAX
from keyplan.routes import Route

Entry = TypeVar("Entry", Key, Consumer)
_BOOLEANS = {each.name for each in FIELDS if each.read is boolean}


def read_catalogue(
    values: Mapping[str, Any], environment: str, problems: Problems, region: str | None = None
) -> Catalogue | None:
    """The catalogue, or None after reporting what is wrong to `problems`."""
    node = Node(_top_level(without_pasted_keys(dict(values), problems)), (), problems)
    clouds = _clouds(node)
    record = read_record(node, FIELDS, clouds=clouds)
    _check_name(record, environment, node)
    inherited = Inherited(
        environment, record.get("owner") or "", bool(record.get("lockdown")), region, clouds
    )
    raw_keys: dict[str, Node] = record.get("keys") or {}
    raw_consumers: dict[str, Node] = record.get("consumers") or {}
    if "keys" in record.values and not raw_keys:
        node.child("keys", {}).reject("at least one key, as in `{anthropic: {vendor: anthropic}}`")
    keys = _entries(raw_keys, lambda child, name: read_key(child, name, inherited))
    consumers = _entries(
        raw_consumers,
        lambda child, name: read_consumer(
            child, name, raw_keys or None, clouds, record.get("routes") or {}, _claude_code_route(record)
        ),
    )
    known = relations.Known(environment, keys, consumers, raw_consumers, record, clouds or ())
    relations.check(known, raw_keys, node)
    return None if problems else _build(environment, record, keys, consumers)


def _claude_code_route(record: Record) -> Route | None:
    claude_code: Record | None = record.get("claudeCode")
    return None if claude_code is None else claude_code.get("route")


def _clouds(node: Node) -> tuple[Cloud, ...] | None:
    """The clouds, if they can be told; that they can't is reported when the whole record is read."""
    field = next(each for each in FIELDS if each.name == "clouds")
    given = entries(Node(node.value, node.path, Problems())).get(field.name)
    try:
        clouds: tuple[Cloud, ...] = field.read(
            Node(given.value if given else field.default, node.path, Problems())
        )
    except Reported:
        return None
    return clouds


def _entries(raw: Mapping[str, Node], read: Callable[[Node, str], Entry]) -> dict[str, Entry]:
    """The entries that could be read, sorted by name; the others have been reported."""
    result = {}
    for name, child in sorted(raw.items()):
        _check_entry_name(child, name)
        try:
            result[name] = read(child, name)
        except Reported:
            continue
    return result


def _top_level(values: dict[str, Any]) -> dict[str, Any]:
    """Undo what Pulumi does to a stack's configuration: booleans become text, and a field that may be left
    out can only be declared in Pulumi.yaml with an empty default, since its schema knows no optional fields.
    """
    optional = {each.name for each in FIELDS if not each.required}
    return {
        field_name: value == "true" if field_name in _BOOLEANS and value in ("true", "false") else value
        for field_name, value in values.items()
        if field_name not in optional or value not in ("", {})
    }


def _check_name(record: Record, environment: str, node: Node) -> None:
    given = record.get("environment")
    if given is not None and given != environment:
        node.child("environment", given).reject("the stack's name, or nothing", suggestion=environment)
    path: Path = ("environment",)
    if not is_name(environment):
        node.problems.add(path, "a stack's name that no environment can have", NAME_ALLOWED)
    if len(environment) > ENVIRONMENT_NAME_MAX:
        node.problems.add(
            path,
            f"a stack's name of {len(environment)} characters",
            f"at most {ENVIRONMENT_NAME_MAX} characters",
        )


def _check_entry_name(child: Node, entry_name: str) -> None:
    if not is_name(entry_name):
        child.reject(NAME_ALLOWED, f"{show(entry_name)} as a name", as_name(entry_name))
    elif len(entry_name) > NAME_MAX:
        child.reject(f"at most {NAME_MAX} characters", f"a name of {len(entry_name)} characters")


def _build(
    environment: str, record: Record, keys: Mapping[str, Key], consumers: Mapping[str, Consumer]
) -> Catalogue:
    claude_code: Record | None = record.get("claudeCode")
    return Catalogue(
        environment=environment,
        clouds=record.get("clouds"),
        owner=record.get("owner"),
        keys=MappingProxyType(dict(keys)),
        consumers=MappingProxyType(dict(consumers)),
        reminders=record.get("reminders"),
        escalate_after=record.get("escalateAfter"),
        recovery_window_days=int(record.get("recoveryWindow").days),
        protect=record.get("protect"),
        break_glass_role=record.get("breakGlassRole"),
        operators=record.get("operators"),
        auditors=record.get("auditors"),
        vendor_endpoints=record.get("vendorEndpoints"),
        gcp=record.get("gcp") if Cloud.GCP in record.get("clouds") else None,
        claude_code=None
        if claude_code is None
        else ClaudeCode(route=claude_code.get("route"), key=claude_code.get("key")),
        env=record.get("env"),
    )
