"""What one principal may change, as sets of secrets and of principals, by verdict.

Source: IAM API Reference and Service Authorization Reference, AWS Identity and Access Management;
docs/audit-changers.md has a line for each way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from keyplan.audit.callers import Caller
from keyplan.audit.changers.access import Access, Changed
from keyplan.audit.changers.actions import (
    CREATE_ACCESS_KEY,
    CREATE_GRANT,
    CREATE_PASSWORD,
    DELETE_POLICY,
    PUT_KEY_POLICY,
    PUT_POLICY,
    REKEY,
    TAG_ROLE,
    UNTAG_ROLE,
    UPDATE_PASSWORD,
    UPDATE_SAML,
    UPDATE_TRUST,
)
from keyplan.audit.changers.asking import Asking
from keyplan.audit.changers.services import Services
from keyplan.audit.changers.tagging import Powers, Tagging, within
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere

ROLE_TRUST, PASS_ROLE, RUNNING_CODE = "role-trust", "pass-role", "running-code"
PRINCIPAL_TAGS = "principal-tags"
OTHER_PRINCIPAL, IDENTITY_PROVIDER = "other-principal", "identity-provider"


@dataclass(frozen=True)
class Taken:
    """Principals whose access somebody could take by one call, or several together."""

    how: str
    calls: tuple[str, ...]
    those: Grades


@dataclass
class Room:
    """What all levers are made with."""

    asking: Asking
    access: Access
    services: Services
    users: int
    roles: int
    known: dict[int, Levers] = field(default_factory=dict)

    @classmethod
    def of(cls, asking: Asking, access: Access, services: Services) -> Room:
        """The room of a snapshot."""
        kinds = {"user": 0, "role": 0}
        for number, caller in enumerate(asking.estate.callers):
            kinds[caller.kind] |= 1 << number
        return cls(asking, access, services, kinds["user"], kinds["role"])

    def levers(self, caller: Caller) -> Levers:
        """A principal's levers; each is made once."""
        found = self.known.get(id(caller))
        if found is None:
            found = self.known[id(caller)] = Levers(self, caller)
        return found


class Levers:
    """One principal's own levers; what it could do as somebody else is not here."""

    def __init__(self, room: Room, caller: Caller) -> None:
        self._room, self.caller = room, caller
        self._changes: dict[Verdict, Changed] = {}

    @cached_property
    def becomes(self) -> Grades:
        """The roles that it assumes, as principals by number."""
        return self._room.services.numbered(self._room.asking.estate.assumes(self.caller))

    @cached_property
    def _secrets(self) -> Mapping[str, Grades]:
        asking, caller = self._room.asking, self.caller
        customer = self._room.access.customer_keys
        deletes = asking.secrets(DELETE_POLICY, caller)
        puts, rekeys = asking.secrets(PUT_POLICY, caller), asking.secrets(REKEY, caller)
        if deletes.unknown:
            # A denial in the secret's own policy goes with it.
            puts = puts.join(asking.secrets(PUT_POLICY, caller, without_policy=True).meet(deletes))
        away = puts.join(deletes)
        if away.unknown:
            rekeys = rekeys.join(asking.secrets(REKEY, caller, without_policy=True).meet(away))
        if rekeys.unknown:
            decrypts = self._room.access.half("decrypts", caller).within(customer)
            rekeys = Grades(*(mask & may for mask, may in zip(rekeys, decrypts, strict=True)))
        return {
            PUT_POLICY: puts,
            DELETE_POLICY: deletes,
            PUT_KEY_POLICY: asking.keys(PUT_KEY_POLICY, caller).within(customer),
            CREATE_GRANT: asking.keys(CREATE_GRANT, caller).within(customer),
            REKEY: rekeys,
        }

    def changes(self, verdict: Verdict) -> Changed:
        """The secrets that it may change with at least a verdict, by what of them."""
        found = self._changes.get(verdict)
        if found is None:
            found = self._changes[verdict] = self._at(verdict)
        return found

    def _at(self, verdict: Verdict) -> Changed:
        asking, access = self._room.asking, self._room.access
        return Changed(
            put=self._secrets[PUT_POLICY].at(verdict),
            deleted=self._secrets[DELETE_POLICY].at(verdict),
            key_policy=self._secrets[PUT_KEY_POLICY].at(verdict),
            grant=self._secrets[CREATE_GRANT].at(verdict),
            other_key=self._secrets[REKEY].at(verdict),
            tags=self._powers(asking.secret_tags, verdict, lambda: access.by_secret_tags),
            key_tags=self._powers(asking.key_tags, verdict, lambda: access.by_key_tags),
        )

    def _powers(self, tagging: Tagging, verdict: Verdict, deciding: Callable[[], int]) -> Powers:
        """Over the tags that decide for somebody."""
        powers = tagging.powers(self.caller, verdict)
        return within(powers, deciding()) if powers else ()

    @cached_property
    def takes(self) -> tuple[Taken, ...]:
        """Whose access it could take, by way."""
        room, asking, caller = self._room, self._room.asking, self.caller
        new = asking.principals(CREATE_PASSWORD, caller)
        other = asking.principals(UPDATE_PASSWORD, caller)
        # Whether a user has a password is not in a snapshot, and each call is for one of the two.
        either = new.join(other)
        either = either.meet(everywhere(either.unknown, Verdict.CONDITIONAL)).join(new.meet(other))
        keys = asking.principals(CREATE_ACCESS_KEY, caller)
        found = [
            Taken(ROLE_TRUST, (UPDATE_TRUST,), asking.principals(UPDATE_TRUST, caller).within(room.roles)),
            Taken(OTHER_PRINCIPAL, (CREATE_ACCESS_KEY,), keys.within(room.users)),
            Taken(OTHER_PRINCIPAL, (CREATE_PASSWORD, UPDATE_PASSWORD), either.within(room.users)),
            Taken(IDENTITY_PROVIDER, (UPDATE_SAML,), room.services.of_providers(caller)),
        ]
        tagging = tuple(call for call in (TAG_ROLE, UNTAG_ROLE) if asking.may(caller, call))
        if tagging:
            roles = room.services.assumed_after_tagging(caller)
            found.append(Taken(PRINCIPAL_TAGS, tagging, roles))
        for _, calls, roles in room.services.passing(caller):
            found.append(Taken(PASS_ROLE, ("iam:PassRole", *calls), roles))
        for _, calls, roles in room.services.running(caller):
            found.append(Taken(RUNNING_CODE, calls, roles))
        return tuple(each for each in found if each.those.unknown)

    @cached_property
    def trusts(self) -> Grades:
        """The roles whose trust it may change: it may then also let sessions bring tags."""
        return next((each.those for each in self.takes if each.how == ROLE_TRUST), NOTHING)

    @cached_property
    def all_taken(self) -> Grades:
        """Everybody of `takes`, and whom it assumes."""
        grades = self.becomes
        for each in self.takes:
            grades = grades.join(each.those)
        return grades
