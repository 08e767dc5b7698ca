"""What has to be true between parts of a catalogue: keys, consumers, lockdown, and the names made of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from keyplan import names
from keyplan.catalogue import (
    CI_RUNTIMES,
    GCP_RUNTIMES,
    Cloud,
    Consumer,
    Key,
    PeopleSettings,
    Runtime,
    ServiceAccountSettings,
)
from keyplan.checks.fields import Node, Record
from keyplan.checks.pasted import show
from keyplan.checks.problems import spell
from keyplan.checks.renames import check_renames, former_names_of
from keyplan.checks.route_relations import check_claude_code, check_consumer
from keyplan.checks.vendors import Vendor
from keyplan.environ import base_urls, sent_astray

RESERVED_CONSUMER = "keyplan"  # `prod-keyplan-operator` and its like are made by keyplan itself
VALUE_LENGTH_MIN = 16  # shorter text is no key, whatever a loose format says


@dataclass(frozen=True)
class Known:
    """What could be read of an environment; entries that are wrong in themselves are missing."""

    environment: str
    keys: Mapping[str, Key]
    consumers: Mapping[str, Consumer]
    raw_consumers: Mapping[str, Node]
    top: Record
    clouds: Collection[Cloud]  # none where they could not be read


def check(known: Known, raw_keys: Mapping[str, Node], node: Node) -> None:
    """Report everything that does not fit together."""
    check_renames("key", raw_keys)
    check_renames("consumer", known.raw_consumers)
    _secret_names_differ(known, raw_keys)
    # Most keys share the format of a few vendors: each format is tried once for a variable, not once a key.
    formats = {key.value_format: key.name for key in known.keys.values() if key.value_format is not None}
    for consumer in known.consumers.values():
        child = known.raw_consumers[consumer.name]
        _variables_differ(known, consumer, child)
        _no_value_in_plain(formats, consumer.env, child)
        _admin_keys_stay_with_people(known, consumer, child)
        _gateways_pair(known, consumer, child)
        check_consumer(consumer, known.keys, known.top.get("routes") or {}, child)
        _lockdown_leaves_people_in(known, consumer, child)
    for name, child in known.raw_consumers.items():
        _names_fit(known, name, child)
    _gcp_ids_differ(known)
    _lockdown_has_break_glass(known, node)
    _shared_variables_are_plain(known, formats, node)
    check_claude_code(known.top, known.keys, raw_keys, node)


def _secret_names_differ(known: Known, raw_keys: Mapping[str, Node]) -> None:
    first: dict[str, str] = {}
    by_id: dict[str, str] = {}
    for key in known.keys.values():
        if any(former in raw_keys for former in key.former_names if former != key.name):
            continue  # reported as a rename that is none
        holder = first.setdefault(key.secret_name, key.name)
        if holder != key.name:
            raw_keys[key.name].child("secretName", key.secret_name).reject(
                f"a name of its own; the key {spell((holder,))} is stored under this one"
            )
        elif Cloud.GCP in known.clouds:
            holder = by_id.setdefault(key.gcp_secret_id, key.name)
            if holder != key.name:
                raw_keys[key.name].child("secretName", key.secret_name).reject(
                    "a name that is another one on gcp as well, where a slash is a hyphen; the key "
                    f"{spell((holder,))} is stored there as {key.gcp_secret_id}"
                )


def _variables_differ(known: Known, consumer: Consumer, child: Node) -> None:
    first: dict[str, str] = {}
    for name in consumer.keys:
        if name not in known.keys:
            continue
        variable = known.keys[name].env_var
        holder = first.setdefault(variable, name)
        if holder != name:
            child.child("keys", None).reject(
                "keys with different variables: give one of them its own `envVar`, or make two consumers",
                f"{spell((holder,))} and {spell((name,))}, which both set {spell((variable,))}",
            )
    for variable in consumer.env:
        if variable in first:
            child.child("env", None).child(variable, None).reject(
                f"no plain variable of this name: it holds the key {spell((first[variable],))}",
                f"{spell((variable,))} as a plain variable",
            )


def _shared_variables_are_plain(known: Known, formats: Mapping[str, str], node: Node) -> None:
    """What all consumers get holds no value, and takes no key's place."""
    shared: Mapping[str, str] = known.top.get("env") or {}
    _no_value_in_plain(formats, shared, node)
    holders = {key.env_var: key.name for key in known.keys.values()}
    for variable in shared:
        if variable in holders:
            node.child("env", None).child(variable, None).reject(
                f"no plain variable of this name: it holds the key {spell((holders[variable],))}",
                f"{spell((variable,))} as a plain variable",
            )


def _no_value_in_plain(formats: Mapping[str, str], plain: Mapping[str, str], child: Node) -> None:
    """A generic vendor's key has no prefix that everybody knows: the catalogue itself says how it looks."""
    for variable, text in plain.items():
        for pattern, key in formats.items():
            if len(text) >= VALUE_LENGTH_MIN and re.fullmatch(pattern, text):
                child.child("env", None).child(variable, None).reject(
                    "no key in plain text; store it with `keyplan put`",
                    f"a value in the format of the key {spell((key,))} (hidden)",
                )


def _admin_keys_stay_with_people(known: Known, consumer: Consumer, child: Node) -> None:
    if consumer.runtime is Runtime.PEOPLE or consumer.runtime in CI_RUNTIMES:
        return
    for index, name in enumerate(child.value.get("keys", ())):
        if name in known.keys and known.keys[name].vendor == Vendor.ANTHROPIC_ADMIN:
            child.child("keys", None).child(index, None).reject(
                "no Admin API key for a service: with it, whoever gets into the service manages every key, "
                "workspace and member of the organization; people and CI runners may read it",
                f"{spell((name,))}, a key of vendor {Vendor.ANTHROPIC_ADMIN}",
            )


def _gateways_pair(known: Known, consumer: Consumer, child: Node) -> None:
    """A token and its gateway's address go together, and no other key goes there."""
    held = [known.keys[name].held for name in consumer.keys if name in known.keys]
    for key, gateway, variable in sent_astray(held):
        child.child("keys", None).reject(
            f"keys that may go to one host: {spell((variable,))} says where a program sends both, so the "
            f"gateway of {spell((gateway,))} would get {spell((key,))}; give {spell((gateway,))} a variable "
            "of its own, as in `envVar: GATEWAY_TOKEN`, or make two consumers",
            f"{spell((key,))} together with {spell((gateway,))}",
        )
    for variable, url in base_urls(held).items():
        if consumer.env.get(variable, url) != url:
            child.child("env", None).child(variable, consumer.env[variable]).reject(
                "nothing, or the `baseUrl` of the gateway whose token this consumer reads",
                "an address that is not that of its gateway",
            )


def _lockdown_leaves_people_in(known: Known, consumer: Consumer, child: Node) -> None:
    settings = consumer.settings
    if not isinstance(settings, PeopleSettings) or settings.permission_set is not None:
        return
    if consumer.cloud is not Cloud.AWS:
        return
    locked = [spell((name,)) for name in consumer.keys if name in known.keys and known.keys[name].lockdown]
    if locked:
        child.child("permissionSet", None).reject(
            "the permission set of these people; without it they are shut out by the lockdown of "
            f"{', '.join(locked)}"
        )


def _names_fit(known: Known, name: str, child: Node) -> None:
    named = [(name, child), *((former.value, former) for former in former_names_of(child))]
    for each, node in named:
        if each == RESERVED_CONSUMER or each.startswith(f"{RESERVED_CONSUMER}-"):
            node.reject(
                f"another name: keyplan makes ENVIRONMENT-{RESERVED_CONSUMER}-… for itself", show(each)
            )
    # The role is called by the oldest name: it keeps that one when the consumer is renamed.
    lasting, node = named[1] if len(named) > 1 else named[0]
    made = names.reader_name(known.environment, lasting)
    if _makes_role(known, name, child) and len(made) > names.ROLE_NAME_MAX:
        spare = names.ROLE_NAME_MAX - len(made) + len(lasting)
        node.reject(
            f"at most {max(spare, 0)} characters: ENVIRONMENT-CONSUMER-reader has to be a role's name, "
            f"which has at most {names.ROLE_NAME_MAX}",
            f"a name of {len(lasting)} characters",
        )


def _makes_role(known: Known, name: str, child: Node) -> bool:
    """Whether a role of the consumer's name is created; told from what is written, right or wrong."""
    if name in known.consumers and known.consumers[name].cloud is not Cloud.AWS:
        return False  # the ids that Google Cloud wants are shortened
    written = child.value if isinstance(child.value, Mapping) else {}
    without = (Runtime.PEOPLE.value, Runtime.IAM_ROLE.value, *GCP_RUNTIMES)
    return Cloud.AWS in known.clouds and written.get("runtime") not in without and "roleArn" not in written


def _gcp_ids_differ(known: Known) -> None:
    """Two long names may be shortened to one id; so may a long one and one that looks shortened."""
    first: dict[str, str] = {}
    for consumer in known.consumers.values():
        made = _gcp_id(known.environment, consumer)
        holder = first.setdefault(made, consumer.name) if made else consumer.name
        if holder != consumer.name:
            known.raw_consumers[consumer.name].reject(
                f"another name: {spell((holder,))} would have the same id on gcp, {made}", show(consumer.name)
            )


def _gcp_id(environment: str, consumer: Consumer) -> str | None:
    """What is made for the consumer on Google Cloud under an id of its own: a service account, a provider."""
    if consumer.cloud is not Cloud.GCP:
        return None
    if consumer.runtime in CI_RUNTIMES:
        return names.workload_identity_provider_id(consumer.lasting_name)
    settings = consumer.settings
    if isinstance(settings, ServiceAccountSettings) and settings.service_account is None:
        return names.service_account_id(environment, consumer.lasting_name)
    return None


def _lockdown_has_break_glass(known: Known, node: Node) -> None:
    locked = [spell((key.name,)) for key in known.keys.values() if key.lockdown]
    if not locked or Cloud.AWS not in known.clouds:
        return
    if known.top.sound("breakGlassRole") and known.top.get("breakGlassRole") is None:
        node.child("breakGlassRole", None).reject(
            f"the ARN of a role that stays able to read: with lockdown of {', '.join(locked[:5])} "
            "and without such a role, a wrong list of readers would leave nobody"
        )
