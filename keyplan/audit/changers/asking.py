"""Judges of the calls that change an answer, made when they are first asked for.

Most principals may make none of these calls. Whether a policy can allow one is found once for each policy,
and only then everything is weighed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from keyplan.audit.arns import arn_part
from keyplan.audit.callers import Caller, Policy
from keyplan.audit.changers.actions import (
    TAG_KEY,
    TAG_ROLE,
    TAG_SECRET,
    TAG_USER,
    UNTAG_KEY,
    UNTAG_ROLE,
    UNTAG_SECRET,
    UNTAG_USER,
    UPDATE_TRUST,
    has_boundary_of_target,
    of_iam,
    of_keys,
    of_secrets,
)
from keyplan.audit.changers.inventory import ADMINISTRATOR, Inventory
from keyplan.audit.changers.tagging import REQUEST, Calls, Tagging
from keyplan.audit.changers.wishes import Wishes, instance
from keyplan.audit.decisions import Gate, Judge, masks_for
from keyplan.audit.estate import Estate
from keyplan.audit.policies.clauses import applies_to
from keyplan.audit.policies.documents import Effect, Statement
from keyplan.audit.policies.domains import Domain, account_tables
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict
from keyplan.audit.policies.values import Known, Missing, Value, has_variable
from keyplan.audit.snapshot import Snapshot
from keyplan.audit.tags import tags_in

_DELETED = "without the secrets' own policies"


class Asking:
    """Verdicts about calls, each over all that it can be about."""

    def __init__(self, estate: Estate, inventory: Inventory, calls: Iterable[str]) -> None:
        """
        Args:
            calls: every call that will be asked about.
        """
        self.estate, self.inventory = estate, inventory
        self._judges: dict[tuple[str, str], Judge] = {}
        self._calls = tuple(calls)
        self._possible: dict[int, frozenset[str]] = {}
        self._by_policy: dict[int, frozenset[str]] = {}
        self._by_actions: dict[tuple[tuple[str, ...], bool], frozenset[str]] = {}
        self._alike: dict[frozenset[str], frozenset[str]] = {}
        self._wishes: dict[int, Wishes] = {}  # by id of their judge
        self._callers: list[Caller] = []  # the ids of these, and of the policies, are keys above
        self._policies: list[Policy] = []

    def secrets(self, action: str, caller: Caller, *, without_policy: bool = False) -> Grades:
        """The secrets that a caller may make a call of Secrets Manager about.

        Args:
            without_policy: as it would be were the secrets' own policies deleted.
        """
        name = _DELETED if without_policy else ""
        found = self._weighed(action, name, caller, self._secret_judge, unread=True)
        return self._after_tagging(self.secret_tags, action, name, caller, found)

    def keys(self, action: str, caller: Caller) -> Grades:
        """The secrets whose key a caller may make a call of KMS about."""
        found = self._weighed(action, "", caller, self._key_judge, unread=True)
        return self._after_tagging(self.key_tags, action, "", caller, found)

    def principals(self, action: str, caller: Caller, policy: str = "") -> Grades:
        """The users and roles, by number, that a caller may make a call of IAM about.

        Args:
            policy: the managed policy that the call names.
        """
        found = self._weighed(action, policy, caller, self._principal_judge)
        return self._after_tagging(self.principal_tags, action, policy, caller, found)

    @cached_property
    def secret_tags(self) -> Tagging:
        """Who may change the tags of secrets."""
        tags = [secret.tags for secret in self.estate.secrets]
        return Tagging([Calls(TAG_SECRET, UNTAG_SECRET, -1)], self._asked_with(self._secret_judge), tags)

    @cached_property
    def key_tags(self) -> Tagging:
        """Who may change the tags of the secrets' keys; of AWS's own nobody may."""
        secrets = self.estate.secrets
        customer = sum(1 << number for number, secret in enumerate(secrets) if not secret.aws_key)
        tags = [tags_in(secret.key) for secret in secrets]
        return Tagging([Calls(TAG_KEY, UNTAG_KEY, customer)], self._asked_with(self._key_judge), tags)

    @cached_property
    def principal_tags(self) -> Tagging:
        """Who may change the tags of users and roles."""
        callers = self.estate.callers
        users = sum(1 << number for number, caller in enumerate(callers) if caller.kind == "user")
        roles = (1 << len(callers)) - 1 & ~users
        calls = [Calls(TAG_USER, UNTAG_USER, users), Calls(TAG_ROLE, UNTAG_ROLE, roles)]
        return Tagging(calls, self._asked_with(self._principal_judge), [caller.tags for caller in callers])

    @cached_property
    def requested_tags(self) -> Mapping[str, tuple[str, ...]]:
        """By tag, the values to which statements limit tags in requests."""
        found: dict[str, dict[str, None]] = {}
        seen = {id(policy): policy for caller in self.estate.callers for policy in caller.policies}
        for statement in itertools.chain.from_iterable(seen.values()):
            for atom in statement.atoms:
                if atom.key.lower().startswith(REQUEST):
                    plain = (text for text in atom.values if not has_variable(text))
                    name = atom.key.lower().removeprefix(REQUEST)
                    found.setdefault(name, {}).update(dict.fromkeys(map(instance, plain)))
        return {name: tuple(values) for name, values in found.items()}

    def _asked_with(self, make: Callable[[str, str], Judge]) -> Callable[[str, Caller], Judge | None]:
        def asked(action: str, caller: Caller) -> Judge | None:
            judge = self._judge(action, "", make)
            return judge if self.may(caller, action) or _named(judge, caller) else None

        return asked

    def _after_tagging(self, tagging: Tagging, action: str, name: str, caller: Caller, now: Grades) -> Grades:
        """What may be called now, or once the caller has changed tags of what the call is about."""
        judge = self._judges[action, name]
        if not (self.may(caller, action) or _named(judge, caller)):
            return now
        if id(judge) not in self._wishes:
            self._wishes[id(judge)] = Wishes((judge,), self.requested_tags)
        return now.join(tagging.first(caller, lambda: self._wishes[id(judge)].of(caller)))

    def may_change_trusts(self, caller: Caller) -> bool:
        """Whether the caller may change a role's trust, one of its policies that cannot be read included."""
        grades = self._weighed(UPDATE_TRUST, "", caller, self._principal_judge, unread=True)
        return bool(grades.unknown)

    def passing(self, action: str, caller: Caller, service: str) -> Grades:
        """The roles, by the principal's number, that a caller may pass to a service."""
        return self._weighed(action, service, caller, self._passing_judge)

    def groups(self, action: str, caller: Caller, policy: str = "") -> Grades:
        """The groups of the inventory that a caller may make a call about."""
        return self._weighed(action, policy, caller, self._group_judge)

    def managed(self, action: str, caller: Caller) -> Grades:
        """The managed policies of the inventory that a caller may make a call about."""
        return self._weighed(action, "", caller, self._managed_judge)

    def over(self, action: str, name: str, caller: Caller, make: Callable[[], Judge]) -> Grades:
        """The same of resources that the asking module knows nothing about."""
        return self._weighed(action, name, caller, lambda _action, _name: make())

    def new_policy(self, action: str, caller: Caller, arn: str) -> Verdict:
        """Whether a caller may make a managed policy of this ARN."""
        make: Callable[[str, str], Judge] = lambda _action, _name: self._iam_judge(  # noqa: E731
            action, [arn], [arn_part(arn, 4)], {}
        )
        return self._weighed(action, arn, caller, make).verdict(1)

    def judge(self, action: str, name: str = "") -> Judge | None:
        """The judge of a call that was weighed already."""
        return self._judges.get((action, name))

    def strange(self) -> set[str]:
        """The condition keys that nobody knows, of all that was asked."""
        return {key for judge in self._judges.values() for key in judge.domain.strange}

    def _weighed(
        self,
        action: str,
        name: str,
        caller: Caller,
        make: Callable[[str, str], Judge],
        *,
        unread: bool = False,
    ) -> Grades:
        judge = self._judge(action, name, make)
        asked = self.may(caller, action) or (unread and self.unread(caller))
        if not asked and not (judge.allowing and _named(judge, caller)):
            return NOTHING
        return judge.verdicts(caller)

    def _judge(self, action: str, name: str, make: Callable[[str, str], Judge]) -> Judge:
        if (action, name) not in self._judges:
            self._judges[action, name] = make(action, name)
        return self._judges[action, name]

    def may(self, caller: Caller, action: str) -> bool:
        """Whether a policy of the caller can allow an action at all."""
        return action in self.possible(caller)

    def unread(self, caller: Caller) -> bool:
        """Whether a policy of the caller could not be read, so that it may allow anything.

        Such a policy is asked about secrets and keys, and about trusts of roles, which stand for the rest.
        """
        return any(map(_is_unread, itertools.chain.from_iterable(caller.policies)))

    def possible(self, caller: Caller) -> frozenset[str]:
        """The calls that a policy of the caller can allow at all."""
        found = self._possible.get(id(caller))
        if found is None:
            self._callers.append(caller)
            found = frozenset().union(*map(self._allowed, caller.policies))
            found = self._possible[id(caller)] = self._alike.setdefault(found, found)
        return found

    def _allowed(self, policy: Policy) -> frozenset[str]:
        found = self._by_policy.get(id(policy))
        if found is None:
            self._policies.append(policy)
            of_each = (
                self._about(each) for each in policy if each.effect is Effect.ALLOW and not _is_unread(each)
            )
            found = self._by_policy[id(policy)] = frozenset().union(*of_each)
        return found

    def _about(self, statement: Statement) -> frozenset[str]:
        key = (statement.actions, statement.not_actions)
        if key not in self._by_actions:
            self._by_actions[key] = frozenset(each for each in self._calls if applies_to(statement, each))
        return self._by_actions[key]

    def _secret_judge(self, action: str, name: str) -> Judge:
        judge = self.estate.readers[0]
        domain = judge.domain.asked(action, constant=of_secrets(action), tags_are_chosen=True)
        return judge.about(domain, policies=() if name == _DELETED else None)

    def _key_judge(self, action: str, _name: str) -> Judge:
        """A key of AWS's own cannot be changed; who asks about it, masks it out."""
        estate = self.estate
        domain = estate.decrypters.domain.asked(
            action, constant=of_keys(action), known=estate.snapshot.context, tags_are_chosen=True
        )
        return estate.decrypters.about(domain)

    def _principal_judge(self, action: str, policy: str) -> Judge:
        estate = self.estate
        callers = estate.callers
        tables: dict[str, Sequence[Value]] = {}
        if has_boundary_of_target(action):
            bounds = [self.inventory.of[caller.arn].boundary for caller in callers]
            tables["iam:permissionsboundary"] = [
                Missing.ABSENT if each is None else Known((each,)) for each in bounds
            ]
        chosen = {"policyarn": policy} if policy else {}
        if action.endswith("PermissionsBoundary") and action.startswith("iam:Put"):
            chosen = {"permissionsboundary": administrator(estate.snapshot)}
        tags = [caller.tags for caller in callers]
        return self._iam_judge(
            action, [each.arn for each in callers], [each.account for each in callers], chosen, tables, tags
        )

    def _passing_judge(self, action: str, service: str) -> Judge:
        callers = self.estate.callers
        chosen = {"passedtoservice": service}
        tags = [caller.tags for caller in callers]
        return self._iam_judge(
            action, [each.arn for each in callers], [each.account for each in callers], chosen, {}, tags
        )

    def _group_judge(self, action: str, policy: str) -> Judge:
        groups = self.inventory.groups
        chosen = {"policyarn": policy} if policy else {}
        arns, accounts = [each.arn for each in groups], [each.account for each in groups]
        return self._iam_judge(action, arns, accounts, chosen)

    def _managed_judge(self, action: str, _name: str) -> Judge:
        managed = self.inventory.managed
        arns, accounts = [each.arn for each in managed], [each.account for each in managed]
        return self._iam_judge(action, arns, accounts, {})

    def _iam_judge(
        self,
        action: str,
        arns: Sequence[str],
        accounts: Sequence[str],
        chosen: dict[str, str],
        tables: dict[str, Sequence[Value]] | None = None,
        tags: Sequence[Mapping[str, str]] | None = None,
    ) -> Judge:
        """IAM's resources have no policies of their own that speak of these calls, and no RCP is about them.

        Source: AWS Organizations User Guide, "Resource control policies (RCPs)", the services that support
        them.
        """
        snapshot = self.estate.snapshot
        constant = of_iam(snapshot.partition, **chosen)
        if tables is None or "iam:permissionsboundary" not in tables:
            constant.setdefault("iam:permissionsboundary", Missing.ABSENT)
        families = ("aws:resourcetag/", "iam:resourcetag/")
        domain = Domain(
            action,
            arns,
            known=snapshot.context,
            constant=constant,
            tables={**account_tables(accounts, snapshot.organization), **(tables or {})},
            tags={family: [{} for _ in arns] if tags is None else tags for family in families},
            tags_are_chosen=True,
        )
        return Judge(domain, Gate.EITHER, accounts, (), self.estate.controls, uncontrolled=domain.everything)


def _is_unread(statement: Statement) -> bool:
    return statement.trouble is not None and statement.effect is Effect.ALLOW and "*" in statement.actions


def administrator(snapshot: Snapshot) -> str:
    """The ARN of the AWS managed policy that allows everything."""
    return f"arn:{snapshot.partition}:iam::aws:{ADMINISTRATOR}"


def _named(judge: Judge, caller: Caller) -> bool:
    """Whether a resource's own policy names the caller or everybody."""
    return any(any(masks_for(clause, caller)[:3]) for clause in judge.allowing)
