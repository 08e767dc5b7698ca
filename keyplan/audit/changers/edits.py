"""Principals as they would be after somebody changed their policies.

All changes that are possible are made at once: a permission that is added closes nothing. A policy that
denies is taken away where that is possible; one that also allows is then missed, so each is taken away alone
as well where no permission can be added.
Source: IAM API Reference (PutUserPolicy replaces an inline policy of the same name; CreatePolicyVersion with
SetAsDefault changes whoever has the policy); IAM User Guide, "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from keyplan.audit.callers import Caller, Policy
from keyplan.audit.changers.actions import (
    CREATE_POLICY,
    EDITING,
    JOIN_GROUP,
    LEAVE_GROUP,
    NEW_VERSION,
    OF_KIND,
    OTHER_VERSION,
    TAG_PRINCIPALS,
)
from keyplan.audit.changers.asking import Asking, administrator
from keyplan.audit.changers.hands import Hands
from keyplan.audit.changers.inventory import Inventory, denies, owner
from keyplan.audit.changers.own_tags import OwnTags
from keyplan.audit.changers.tagging import mask_of, within
from keyplan.audit.policies.clauses import applies_to
from keyplan.audit.policies.documents import Effect, read_document
from keyplan.audit.policies.grades import Verdict, positions

ANYTHING = read_document(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
    "a policy that it makes",
    [],
)


class Edits:
    """Who may change whose policies, and what whoever is changed becomes."""

    def __init__(self, asking: Asking, inventory: Inventory, own_tags: OwnTags) -> None:
        self._asking, self._inventory, self._own_tags = asking, inventory, own_tags
        callers = asking.estate.callers
        self._number = {caller.arn: number for number, caller in enumerate(callers)}
        self._changeable = sum(1 << number for number, each in enumerate(inventory.managed) if each.account)
        self._those = {
            kind: sum(1 << number for number, caller in enumerate(callers) if caller.kind == kind)
            for kind in ("user", "role")
        }
        self._users_of: dict[str, int] = {}
        self._members = [0] * len(inventory.groups)
        self._holders = [0] * len(inventory.managed)
        for number, caller in enumerate(callers):
            belongings = inventory.of[caller.arn]
            if caller.kind == "user":
                self._users_of[caller.account] = self._users_of.get(caller.account, 0) | 1 << number
            for group in belongings.groups:
                self._members[group] |= 1 << number
            for arn in (
                *belongings.managed,
                *(each for g in belongings.groups for each in inventory.groups[g].managed),
            ):
                if arn in inventory.managed_number:
                    self._holders[inventory.managed_number[arn]] |= 1 << number
        self._bound = {
            arn: sum(
                1 << self._number[each]
                for each, its in inventory.of.items()
                if its.boundary == arn and each in self._number
            )
            for arn in {its.boundary for its in inventory.of.values() if its.boundary}
        }
        self._denying = [
            each.arn for each in inventory.managed if denies(inventory.documents.get(each.arn, ()))
        ]
        self._gained: list[Policy] = []
        self._gain_numbers: dict[int, int] = {}
        self._hands: dict[tuple[int, Verdict], Hands] = {}
        self._kept: list[Caller] = []  # their ids are keys above
        self._made: dict[tuple[object, ...], Caller] = {}
        self._denied: dict[int, bool] = {}
        self._policies: list[Policy] = []  # their ids are keys above

    def hands(self, caller: Caller, verdict: Verdict) -> Hands:
        """What a caller may change itself with at least a verdict."""
        key = (id(caller), verdict)
        if key not in self._hands:
            self._kept.append(caller)
            self._hands[key] = self._weigh(caller, verdict) if self._may_any(caller) else Hands()
        return self._hands[key]

    def after(
        self, hands: Hands, caller: Caller, worth: Callable[[Caller], int] | None = None
    ) -> Iterator[Caller]:
        """What a caller of the snapshot may be made into; none when nothing of it changes.

        Args:
            worth: what somebody would read that is wanted; asked first of the caller with any tags.
        """
        yield from self._with_policies(hands, caller)
        number = self._number[caller.arn]
        if not mask_of(hands.tags) >> number & 1:
            return
        wanted = None
        if worth is not None:
            wanted, openly = 0, self._own_tags.openly(number)
            for each in (openly, *self._with_policies(hands, openly)):
                wanted |= worth(each)
            if not wanted:
                return
        tagging = self._asking.principal_tags
        for choice, made in self._own_tags.variants(number, wanted):
            if tagging.brings(hands.tags, choice) >> number & 1:
                yield made
                yield from self._with_policies(hands, made)

    def _with_policies(self, hands: Hands, caller: Caller) -> Iterator[Caller]:
        bit = 1 << self._number[caller.arn]
        denying = [policy for policy in caller.policies if self._denies(policy)]
        removable = [policy for policy in denying if self._removable(hands, caller, policy, bit)]
        boundary = caller.boundary
        if boundary is not None and self._unbound(hands, caller, bit):
            boundary = None
        if hands.adds & bit:
            yield self._make(caller, (ANYTHING, *_without(denying, removable)), boundary)
            return
        kept = tuple(_without(caller.policies, removable))
        if removable or boundary is not caller.boundary:
            yield self._make(caller, kept, boundary)
        for alone in removable if len(removable) > 1 else ():
            yield self._make(caller, tuple(_without(caller.policies, (alone,))), boundary)
        gains = [self._gained[number] for number, mask in hands.gains.items() if mask & bit]
        if harmless := [policy for policy in gains if not self._denies(policy)]:
            yield self._make(caller, (*kept, *harmless), boundary)
        for policy in filter(self._denies, gains):
            yield self._make(caller, (*kept, policy), boundary)

    def _denies(self, policy: Policy) -> bool:
        found = self._denied.get(id(policy))
        if found is None:
            self._policies.append(policy)
            found = self._denied[id(policy)] = denies(policy)
        return found

    def touched(self, hands: Hands) -> int:
        """The principals of whom something may be changed."""
        found = hands.adds | hands.inline | hands.boundary | mask_of(hands.tags)
        for group in positions(hands.groups_inline | hands.leaves):
            found |= self._members[group]
        for number in positions(hands.versions):
            found |= self._holders[number] | self._bound.get(self._inventory.managed[number].arn, 0)
        for mask in (*hands.detaches.values(), *hands.gains.values()):
            found |= mask
        for arn, mask in hands.groups_detach.items():
            for group in positions(mask):
                if arn in self._inventory.groups[group].managed:
                    found |= self._members[group]
        return found

    def _make(self, caller: Caller, policies: tuple[Policy, ...], boundary: Policy | None) -> Caller:
        key = (caller.arn, id(caller.chosen), caller.tagged, *map(id, policies), id(boundary))
        if key not in self._made:
            self._made[key] = replace(caller, policies=policies, boundary=boundary)
        return self._made[key]

    def _removable(self, hands: Hands, caller: Caller, policy: Policy, bit: int) -> bool:
        inventory = self._inventory
        kind, arn = owner(policy, caller, inventory.groups)
        groups = inventory.of[caller.arn].groups
        if kind == "own":
            return bool(hands.inline & bit)
        if kind == "group":
            (group,) = [number for number in groups if inventory.groups[number].arn == arn]
            return bool((hands.groups_inline | hands.leaves) & 1 << group)
        if kind != "managed":
            return False
        if arn in inventory.managed_number and hands.versions & 1 << inventory.managed_number[arn]:
            return True
        direct = arn in inventory.of[caller.arn].managed
        if direct and not hands.detaches.get(arn, 0) & bit:
            return False
        by_groups = sum(1 << number for number in groups if arn in inventory.groups[number].managed)
        return not by_groups & ~(hands.groups_detach.get(arn, 0) | hands.leaves)

    def _unbound(self, hands: Hands, caller: Caller, bit: int) -> bool:
        arn = self._inventory.of[caller.arn].boundary
        number = self._inventory.managed_number.get(arn or "")
        return bool(hands.boundary & bit) or (number is not None and bool(hands.versions & 1 << number))

    def _may_any(self, caller: Caller) -> bool:
        return any(self._asking.may(caller, action) for action in (*EDITING, *TAG_PRINCIPALS))

    def _weigh(self, caller: Caller, verdict: Verdict) -> Hands:
        asking, inventory = self._asking, self._inventory
        versions = asking.managed(NEW_VERSION, caller).at(verdict) & self._changeable
        hands = Hands(versions=versions, leaves=asking.groups(LEAVE_GROUP, caller).at(verdict))
        for kind in ("user", "role"):
            hands = hands.join(self._of_kind(kind, caller, verdict, versions))
        groups = self._of_groups(caller, verdict, versions)
        adds, gains = 0, dict[int, int]()
        for group in positions(groups.adds):
            adds |= self._members[group]
        for group in positions(asking.groups(JOIN_GROUP, caller).at(verdict)):
            users = self._users_of.get(inventory.groups[group].account, 0)
            if groups.adds & 1 << group:
                adds |= users
            for policy in inventory.groups[group].policies:
                self._gain(gains, policy, users & ~self._members[group])
        for number in positions(versions):
            adds |= self._holders[number]
        for number in positions(asking.managed(OTHER_VERSION, caller).at(verdict) & self._changeable):
            for policy in inventory.managed[number].others:
                self._gain(gains, policy, self._holders[number])
        further = Hands(adds=adds, groups_inline=groups.inline, groups_detach=groups.detaches, gains=gains)
        powers = asking.principal_tags.powers(caller, verdict)
        tags = within(powers, self._own_tags.mask) if powers else ()
        return hands.join(replace(further, tags=tags))

    def _of_kind(self, kind: str, caller: Caller, verdict: Verdict, versions: int) -> Hands:
        """Of users or of roles: `adds`, `inline`, `boundary`, `detaches` and `gains`."""
        asking, calls, those = self._asking, OF_KIND[kind], self._those[kind]
        put = asking.principals(calls.put, caller).at(verdict) & those
        inline = put | asking.principals(calls.delete, caller).at(verdict) & those
        boundary = asking.principals(calls.delete_boundary, caller).join(
            asking.principals(calls.put_boundary, caller)
        )
        detaches = {
            arn: asking.principals(calls.detach, caller, arn).at(verdict) & those for arn in self._denying
        }
        adds, gains = put, dict[int, int]()
        for arn in self._candidates(caller, calls.attach):
            mask = asking.principals(calls.attach, caller, arn).at(verdict) & those
            if self._all_powerful(arn, caller, verdict, versions):
                adds |= mask
            elif arn in self._inventory.documents:
                self._gain(gains, self._inventory.documents[arn], mask)
        return Hands(
            adds=adds,
            inline=inline,
            boundary=boundary.at(verdict) & those,
            detaches={arn: mask for arn, mask in detaches.items() if mask},
            gains=gains,
        )

    def _of_groups(self, caller: Caller, verdict: Verdict, versions: int) -> Hands:
        """The same of groups by their own numbers: `adds`, `inline` and `detaches`."""
        asking, calls = self._asking, OF_KIND["group"]
        put = asking.groups(calls.put, caller).at(verdict)
        adds = put
        for arn in self._candidates(caller, calls.attach):
            if self._all_powerful(arn, caller, verdict, versions):
                adds |= asking.groups(calls.attach, caller, arn).at(verdict)
        detaches = {arn: asking.groups(calls.detach, caller, arn).at(verdict) for arn in self._denying}
        inline = put | asking.groups(calls.delete, caller).at(verdict)
        return Hands(adds=adds, inline=inline, detaches={arn: mask for arn, mask in detaches.items() if mask})

    def _all_powerful(self, arn: str, caller: Caller, verdict: Verdict, versions: int) -> bool:
        """Whether a policy allows everything, or may be made to: a new one, or a new version."""
        if arn == administrator(self._asking.estate.snapshot):
            return True
        number = self._inventory.managed_number.get(arn)
        if number is not None:
            return bool(versions & 1 << number)
        return self._asking.new_policy(CREATE_POLICY, caller, arn) >= verdict

    def _candidates(self, caller: Caller, action: str) -> Iterable[str]:
        """The policies that are tried: AWS's for administrators; where statements limit them, theirs too."""
        yield administrator(self._asking.estate.snapshot)
        if not self._asking.may(caller, action):
            return
        limits = [
            value
            for policy in caller.policies
            for statement in policy
            if statement.effect is Effect.ALLOW and applies_to(statement, action)
            for atom in statement.atoms
            if atom.key.lower() == "iam:policyarn"
            for value in atom.values
        ]
        if limits:
            yield from (_instance(value, caller.account) for value in limits)
            yield from (each.arn for each in self._inventory.managed)

    def _gain(self, gains: dict[int, int], policy: Policy, mask: int) -> None:
        if not mask:
            return
        if id(policy) not in self._gain_numbers:
            self._gain_numbers[id(policy)] = len(self._gained)
            self._gained.append(policy)
        number = self._gain_numbers[id(policy)]
        gains[number] = gains.get(number, 0) | mask


def _without(policies: Iterable[Policy], taken: Iterable[Policy]) -> Iterator[Policy]:
    return (policy for policy in policies if not any(policy is each for each in taken))


def _instance(pattern: str, account: str) -> str:
    """A policy's ARN that a pattern matches, in an account."""
    parts = pattern.split(":", 5)
    if len(parts) == 6 and "*" in parts[4]:
        parts[4] = account
    return ":".join(parts).replace("*", "any").replace("?", "x")
