"""An environment's configuration as a whole: its top-level fields, and the Catalogue made of everything."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from keyplan.catalogue import Catalogue, ClaudeCode, Cloud, Consumer, Key, ReminderMode
from keyplan.checks import relations
from keyplan.checks.consumers import read_consumer
from keyplan.checks.fields import (
    Field,
    Node,
    Record,
    boolean,
    choice,
    duration,
    entries,
    list_of,
    read_record,
    text,
)
from keyplan.checks.formats import NAME_ALLOWED, as_name, email, is_name, principal_arn, role_arn
from keyplan.checks.keys import Inherited, read_key
from keyplan.checks.pasted import show
from keyplan.checks.problems import Path, Problems, Reported
from keyplan.checks.walk import without_pasted_keys
from keyplan.names import ENVIRONMENT_NAME_MAX, NAME_MAX

NOT_YET = "not supported yet in this version"


class Route(StrEnum):
    """How Claude Code authenticates."""

    DIRECT = "direct"


CLAUDE_CODE_FIELDS = (
    Field(
        "route",
        choice(
            Route,
            dict.fromkeys(("gateway", "bedrock", "vertex", "foundry", "federation", "subscription"), NOT_YET),
        ),
        "`direct`",
        "how Claude Code authenticates: with an API key of this catalogue",
        "direct",
        required=True,
    ),
    Field(
        "key",
        text(r".+", "the name of a key"),
        "key",
        "the Anthropic key that it uses",
        "anthropic",
        required=True,
    ),
)

FIELDS = (
    Field(
        "environment",
        text(r".+", "the stack's name"),
        "text",
        "the environment's name; if it is given, it must be the stack's, so that a copied file is noticed",
        "prod",
        default_text="the stack's name",
    ),
    Field(
        "clouds",
        list_of(choice(Cloud, {"gcp": NOT_YET, "azure": NOT_YET}), "clouds", at_least=1),
        "list of clouds",
        "where the keys are stored; `aws`",
        "[aws]",
        default=["aws"],
    ),
    Field(
        "owner",
        email,
        "e-mail address",
        "who owns the environment: escalations, and the reminders of keys without an owner of their own",
        "platform@example.com",
        required=True,
    ),
    Field(
        "keys",
        entries,
        "mapping of keys",
        "the keys, by name",
        "{anthropic: {vendor: anthropic}}",
        required=True,
    ),
    Field(
        "consumers",
        entries,
        "mapping of consumers",
        "who reads them, by name",
        "{chat-api: {runtime: ecs, keys: [anthropic]}}",
        default={},
    ),
    Field(
        "reminders",
        choice(ReminderMode),
        "`perKey` or `perEnvironment`",
        "`perKey`: two alarms for each key; "
        "`perEnvironment`: one alarm, whose message lists the keys, which is cheaper",
        "perEnvironment",
        default="perKey",
    ),
    Field(
        "escalateAfter",
        duration("1d"),
        "duration",
        "how long a key may be overdue before the environment's owner hears of it",
        "7d",
        default="7d",
    ),
    Field(
        "recoveryWindow",
        duration("7d", "30d", whole_days=True),
        "duration",
        "how long a deleted secret can be restored; whole days, 7d to 30d",
        "7d",
        default="30d",
    ),
    Field(
        "protect",
        boolean,
        "boolean",
        "whether Pulumi refuses to delete secrets and encryption keys",
        "false",
        default=True,
    ),
    Field(
        "lockdown",
        boolean,
        "boolean",
        "the default of the keys' `lockdown`",
        "true",
        default=False,
    ),
    Field(
        "breakGlassRole",
        role_arn,
        "role ARN",
        "a role that lockdown leaves able to read; required with it",
        "arn:aws:iam::111122223333:role/break-glass",
        default_text="none",
    ),
    Field(
        "operators",
        list_of(role_arn, "role ARNs"),
        "list of role ARNs",
        "roles that may store values and never read them",
        "[arn:aws:iam::111122223333:role/on-call]",
        default=[],
    ),
    Field(
        "auditors",
        list_of(principal_arn, "principal ARNs"),
        "list of ARNs",
        "principals that may assume the auditor role; with none, whoever the account's own policies let",
        "[arn:aws:iam::111122223333:role/security]",
        default=[],
    ),
    Field(
        "claudeCode",
        lambda node: read_record(node, CLAUDE_CODE_FIELDS),
        "mapping",
        "how Claude Code authenticates in this environment",
        "{route: direct, key: anthropic}",
        default_text="none",
    ),
)
_BOOLEANS = {each.name for each in FIELDS if each.read is boolean}


def read_catalogue(
    values: Mapping[str, Any], environment: str, problems: Problems, region: str | None = None
) -> Catalogue | None:
    """The catalogue, or None after reporting what is wrong to `problems`."""
    node = Node(_top_level(without_pasted_keys(dict(values), problems)), (), problems)
    record = read_record(node, FIELDS)
    _check_name(record, environment, node)
    inherited = Inherited(environment, record.get("owner") or "", bool(record.get("lockdown")), region)
    raw_keys: dict[str, Node] = record.get("keys") or {}
    raw_consumers: dict[str, Node] = record.get("consumers") or {}
    if "keys" in record.values and not raw_keys:
        node.child("keys", {}).reject("at least one key, as in `{anthropic: {vendor: anthropic}}`")
    keys: dict[str, Key] = {}
    consumers: dict[str, Consumer] = {}
    for key_name, child in sorted(raw_keys.items()):
        _check_entry_name(child, key_name)
        try:
            keys[key_name] = read_key(child, key_name, inherited)
        except Reported:
            continue
    for consumer_name, child in sorted(raw_consumers.items()):
        _check_entry_name(child, consumer_name)
        try:
            consumers[consumer_name] = read_consumer(child, consumer_name, raw_keys or None)
        except Reported:
            continue
    known = relations.Known(environment, keys, consumers, raw_consumers, record)
    relations.check(known, raw_keys, node)
    return None if problems else _build(environment, record, keys, consumers)


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
        keys=MappingProxyType(dict(sorted(keys.items()))),
        consumers=MappingProxyType(dict(sorted(consumers.items()))),
        reminders=record.get("reminders"),
        escalate_after=record.get("escalateAfter"),
        recovery_window_days=int(record.get("recoveryWindow").days),
        protect=record.get("protect"),
        break_glass_role=record.get("breakGlassRole"),
        operators=record.get("operators"),
        auditors=record.get("auditors"),
        claude_code=None
        if claude_code is None
        else ClaudeCode(route=str(claude_code.get("route")), key=claude_code.get("key")),
    )
