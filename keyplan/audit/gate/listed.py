"""Who shall read each secret, by the manifest, and who else the manifest can name. Pure.

A consumer is its role; people are whoever has their policies, and where the catalogue names a permission set,
only the roles that IAM Identity Center makes of it: a policy that somebody attaches elsewhere lists nobody.
The break-glass role is listed for every key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from keyplan.audit.arns import arn_part
from keyplan.audit.callers import Caller
from keyplan.audit.estate import Estate
from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey

# How IAM Identity Center calls the role of a permission set.
# Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies" (2026-11-21).
SSO_PATH = "/aws-reserved/sso.amazonaws.com/"
COLLECT = "keyplan audit collect --out FILE"


@dataclass(frozen=True)
class Listed:
    """Who shall read one secret."""

    secret: int  # its position in the snapshot
    key: ManifestKey
    consumers: tuple[ManifestConsumer, ...]
    readers: frozenset[int]  # numbers of the principals that may, as far as the snapshot has them
    people: Mapping[int, str]  # of those: who holds a policy of people, and the consumer's name
    is_copy: bool  # of a key that is stored in another region


@dataclass(frozen=True)
class Listing:
    """The manifest, in the snapshot's numbers."""

    secrets: tuple[Listed, ...]
    role_of: Mapping[str, int]  # consumer -> number of its role, of those that the snapshot has
    break_glass: int | None
    known: Mapping[int, str] = field(default_factory=dict)  # who shall not read, and what each of them is

    @property
    def mask(self) -> int:
        """The secrets, as bits."""
        found = 0
        for entry in self.secrets:
            found |= 1 << entry.secret
        return found


def listing(estate: Estate, manifest: Manifest) -> Listing:
    """The manifest's secrets on AWS, with their readers.

    Raises:
        UsageError: the environment is not on AWS, or the snapshot is not of its account, or has not all of
            its secrets.
    """
    place = manifest.on_aws()
    _require_account(estate, manifest)
    number_of = {caller.arn: number for number, caller in enumerate(estate.callers)}
    on_aws = [each for each in manifest.consumers.values() if each.cloud == "aws"]
    roles = {each.name: number_of[each.role_arn] for each in on_aws if each.role_arn in number_of}
    holders = _holders(estate)
    people = {each.name: set(_people(estate, each, holders)) for each in on_aws if each.role_arn is None}
    emergency = place.break_glass_role_arn
    break_glass = None if emergency is None else number_of.get(emergency)
    secrets = []
    for key in manifest.keys.values():
        consumers = tuple(each for each in on_aws if key.name in each.keys)
        readers = {roles[each.name] for each in consumers if each.name in roles}
        those = {number: each.name for each in consumers for number in people.get(each.name, ())}
        readers |= those.keys()
        if break_glass is not None:
            readers.add(break_glass)
        arn = key.on_aws().arn
        for position in _positions(estate, arn, key.name):
            is_copy = estate.secrets[position].arn != arn
            secrets.append(Listed(position, key, consumers, frozenset(readers), those, is_copy))
    known = {number: "an operator, who stores values," for arn in place.operator_policy_arns
             for number in holders.get(arn, ())}  # fmt: skip
    if place.auditor_role_arn in number_of:
        known[number_of[place.auditor_role_arn]] = "the auditor"
    return Listing(tuple(secrets), roles, break_glass, known)


def _require_account(estate: Estate, manifest: Manifest) -> None:
    account = manifest.on_aws().account_id
    accounts = {estate.snapshot.account, *estate.snapshot.details}
    if account not in accounts:
        raise UsageError(
            f"the snapshot is of account {estate.snapshot.account or 'unknown'}, and {manifest.environment} "
            f"is in {account}",
            COLLECT,
        )


def _positions(estate: Estate, arn: str, key: str) -> list[int]:
    """The secret itself, then its replicas: the same account, name and suffix in another region."""
    position = {secret.arn: number for number, secret in enumerate(estate.secrets)}
    if arn not in position:
        raise UsageError(
            f"the snapshot has no secret of the key {key}: is it older than the key, or of another region?",
            COLLECT,
        )
    region = arn_part(arn, 3)
    copies = [
        number
        for number, secret in enumerate(estate.secrets)
        if secret.arn != arn and secret.arn.replace(f":{secret.region}:", f":{region}:", 1) == arn
    ]
    return [position[arn], *copies]


def _holders(estate: Estate) -> dict[str, list[int]]:
    """Who has each managed policy, by the policy's ARN."""
    found: dict[str, list[int]] = {}
    for number, caller in enumerate(estate.callers):
        for policy_arn in caller.attached:
            found.setdefault(policy_arn, []).append(number)
    return found


def _people(estate: Estate, consumer: ManifestConsumer, holders: Mapping[str, list[int]]) -> list[int]:
    permission_set = consumer.settings.get("permissionSet")
    return [
        number
        for policy_arn in consumer.policy_arns
        for number in holders.get(policy_arn, ())
        if permission_set is None or _is_of(estate.callers[number], str(permission_set))
    ]


def _is_of(caller: Caller, permission_set: str) -> bool:
    name = rf"AWSReservedSSO_{re.escape(permission_set)}_[0-9a-f]{{16}}"
    return (
        caller.kind == "role" and caller.path.startswith(SSO_PATH) and bool(re.fullmatch(name, caller.name))
    )
