"""AWS's evaluation logic: which policies have to allow a request, and which of them bypass others.

Source: IAM User Guide, "Policy evaluation logic", "Policy evaluation for requests within a single account",
"Cross-account policy evaluation logic", "Permissions boundaries for IAM entities" (what resource policies
bypass); AWS Organizations User Guide, "SCP evaluation", "RCP evaluation"; KMS Developer Guide, "Key
policies" (that IAM policies count only where the key policy lets them), "Grants"; checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from keyplan.audit.callers import Caller, Policy
from keyplan.audit.controls import Controls
from keyplan.audit.policies.clauses import SESSION, Clause, identity_clauses, resource_clauses
from keyplan.audit.policies.domains import Domain, masks_of
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.policies.lines import Asker

TO_ANYBODY = ""  # among grantees: grants that could not be collected may be anybody's
Clauses = tuple[tuple[Clause, ...], tuple[Clause, ...]]  # those that allow, and those that deny


class Gate(Enum):
    """What a resource's own policy means for principals of its account."""

    EITHER = "either"  # the identity's policies or the resource's: Secrets Manager
    NEEDED = "needed"  # the resource's policy has to allow, if only the account: keys, and trusts of roles


@dataclass(frozen=True)
class Parts:
    """What each kind of policy says of one caller and all resources; `inspect` tells it of a pair."""

    identity: Grades
    boundary: Grades
    service_control: Grades
    resource_control: Grades
    to_caller: Grades  # resource policies that name the user, the session or everybody
    to_role: Grades  # those that name the role: a boundary still has to allow
    to_account: Grades  # those that name the account: its own policies decide
    granted: Grades  # by a KMS grant: no policy of the caller's has to allow as well
    denied: Grades
    verdicts: Grades


class Judge:
    """Decides about all resources of a domain, a caller at a time."""

    def __init__(
        self,
        domain: Domain,
        gate: Gate,
        accounts: Sequence[str],
        policies: Iterable[tuple[int, Policy]],
        controls: Controls,
        *,
        uncontrolled: int = 0,
        grants: Mapping[str, Grades] | None = None,
        within_account: bool = False,
    ) -> None:
        """
        Args:
            accounts: the resources' accounts, by position.
            policies: the resources' own policies.
            uncontrolled: resources that no RCP is about.
            grants: what KMS grants let a principal decrypt with, by its ARN.
            within_account: whether such a request finds resources of the caller's own account only.
        """
        self.domain, self.gate = domain, gate
        self.of_account = masks_of(accounts)
        self._accounts, self._policies = accounts, tuple(policies)
        self._controls, self._uncontrolled = controls, uncontrolled
        self._grants = grants or {}
        self._within_account = within_account
        self.allowing, self.denying = resource_clauses(self._policies, domain)
        self._compiled: dict[int, Clauses] = {}
        self._kept: list[Policy] = []  # their ids are keys above

    def about(
        self,
        domain: Domain,
        *,
        policies: Iterable[tuple[int, Policy]] | None = None,
        grants: Mapping[str, Grades] | None = None,
    ) -> Judge:
        """The same resources in other requests, or as they would be with other policies and grants."""
        return Judge(
            domain,
            self.gate,
            self._accounts,
            self._policies if policies is None else policies,
            self._controls,
            uncontrolled=self._uncontrolled,
            grants={**self._grants, **(grants or {})},
        )

    def parts(self, caller: Caller) -> Parts:
        """What each kind of policy says, and the verdicts."""
        everything = self.domain.everything
        identity, denied = self._of_policies(caller.policies, caller)
        boundary = everywhere(everything)
        if caller.boundary is not None:
            boundary, by_boundary = self._of_policies((caller.boundary,), caller)
            denied = denied.join(by_boundary)
        service_control, by_scp = self._service_control(caller)
        resource_control, by_rcp = self._resource_control(caller)
        to_caller, to_role, to_account = self._of_resources(self.allowing, caller)
        granted, to_account_by_grant = self.granted(caller)
        to_account = to_account.join(to_account_by_grant)
        by_resource = NOTHING
        for each in self._of_resources(self.denying, caller):
            by_resource = by_resource.join(each)
        for further in (by_scp, by_rcp, by_resource):
            denied = denied.join(further)
        own = identity.meet(boundary)
        named = to_caller.join(to_role.meet(boundary))
        within = named.join(own if self.gate is Gate.EITHER else own.meet(to_account))
        across = own.meet(to_caller.join(to_role).join(to_account))
        same = self.of_account.get(caller.account, 0)
        if self._within_account:
            across = NOTHING
        allowed = within.within(same).join(across.within(everything & ~same)).join(granted)
        verdicts = allowed.meet(service_control).meet(resource_control).meet(denied.inverted(everything))
        return Parts(
            identity, boundary, service_control, resource_control, to_caller, to_role, to_account, granted,
            denied, verdicts,
        )  # fmt: skip

    def layers(self, caller: Caller) -> tuple[Grades, Grades, Grades]:
        """What a caller's boundary, the SCPs and the RCPs let pass."""
        boundary = everywhere(self.domain.everything)
        if caller.boundary is not None:
            boundary = self._of_policies((caller.boundary,), caller)[0]
        return boundary, self._service_control(caller)[0], self._resource_control(caller)[0]

    def verdicts(self, caller: Caller) -> Grades:
        """The verdicts alone: the best that a session of the caller can have."""
        best = NOTHING
        for session in caller.sessions:
            best = best.join(self.parts(session).verdicts)
        return best

    def granted(self, asker: Asker) -> tuple[Grades, Grades]:
        """What KMS grants give the caller itself, or one of its sessions, and what they give its account.

        A grant needs no policy beside it, not in another account either. Source: KMS Developer Guide, "Grants
        in AWS KMS"; EC2 Auto Scaling User Guide, "Required AWS KMS key policy for use with encrypted volumes"
        (a role whose own policy says nothing of KMS uses another account's key); checked 2026-11-22.
        """
        if not self._grants:
            return NOTHING, NOTHING
        direct, account = self._grants.get(TO_ANYBODY, NOTHING), NOTHING
        for name in asker.own_names:
            direct = direct.join(self._grants.get(name, NOTHING))
        for name in asker.account_names:
            account = account.join(self._grants.get(name, NOTHING))
        prefix = asker.session_prefix
        for name, grades in self._grants.items() if prefix is not None else ():
            if prefix is not None and name.startswith(prefix):
                direct = direct.join(grades.meet(everywhere(self.domain.everything, Verdict.CONDITIONAL)))
        return direct, account

    def clauses(self, policy: Policy) -> Clauses:
        """A policy's statements, ready for this domain."""
        found = self._compiled.get(id(policy))
        if found is None:
            self._kept.append(policy)
            found = self._compiled[id(policy)] = identity_clauses(policy, self.domain)
        return found

    def controlling(self, caller: Caller) -> Iterator[tuple[str, str, tuple[Policy, ...], int]]:
        """The SCPs and RCPs that are about a caller: their kind, their level's name, and about what."""
        if caller.is_service_linked:
            return
        everything = self.domain.everything
        for number, level in enumerate(self._controls.levels("scps", caller.account) or ()):
            yield "scp", self._controls.level_name("scps", caller.account, number), level, everything
        for account, mask in self.of_account.items():
            for number, level in enumerate(self._controls.levels("rcps", account) or ()):
                name = self._controls.level_name("rcps", account, number)
                yield "rcp", name, level, mask & ~self._uncontrolled

    def levels_of(self, caller: Caller) -> Iterator[tuple[str, str, Grades]]:
        """What each level of SCPs and RCPs allows a caller: its kind, its name, the resources."""
        for kind, name, policies, _ in self.controlling(caller):
            yield kind, name, self._of_policies(policies, caller)[0]

    def _of_policies(self, policies: Iterable[Policy], caller: Asker) -> tuple[Grades, Grades]:
        allowed = denied = NOTHING
        for policy in policies:
            allowing, denying = self.clauses(policy)
            for clause in allowing:
                allowed = allowed.join(clause.holds(self.domain, caller))
            for clause in denying:
                denied = denied.join(clause.holds(self.domain, caller))
        return allowed, denied

    def _service_control(self, caller: Caller) -> tuple[Grades, Grades]:
        """Each level has to allow, and none may deny."""
        everything = self.domain.everything
        levels = () if caller.is_service_linked else self._controls.levels("scps", caller.account)
        if levels is None:
            return everywhere(everything, Verdict.UNKNOWN), NOTHING
        allowed, denied = everywhere(everything), NOTHING
        for level in levels:
            by_level, but = self._of_policies(level, caller)
            allowed, denied = allowed.meet(by_level), denied.join(but)
        return allowed, denied

    def _resource_control(self, caller: Caller) -> tuple[Grades, Grades]:
        if caller.is_service_linked:
            return everywhere(self.domain.everything), NOTHING
        return self.resource_control(caller)

    def resource_control(self, asker: Asker) -> tuple[Grades, Grades]:
        """What RCPs leave and what they deny, to whoever it is.

        They only deny: RCPFullAWSAccess, which allows everything, cannot be taken from any level.
        """
        everything = self.domain.everything
        known, denied = everywhere(everything), NOTHING
        for account, mask in self.of_account.items():
            mask &= ~self._uncontrolled
            levels = self._controls.levels("rcps", account)
            if levels is None:
                known = known.meet(everywhere(everything & ~mask).join(everywhere(mask, Verdict.UNKNOWN)))
                continue
            for level in levels:
                denied = denied.join(self._of_policies(level, asker)[1].within(mask))
        return known, denied

    def _of_resources(self, clauses: Iterable[Clause], caller: Caller) -> tuple[Grades, Grades, Grades]:
        """What resource policies say to the caller itself, to its role and to its account."""
        to_caller = to_role = to_account = NOTHING
        for clause in clauses:
            caller_mask, session_mask, own_mask, account_mask = masks_for(clause, caller)
            if not caller_mask | session_mask | own_mask | account_mask:
                continue
            holds = clause.holds(self.domain, caller)
            to_caller = to_caller.join(holds.within(caller_mask))
            if session_mask:
                openly = everywhere(session_mask, Verdict.CONDITIONAL)
                to_caller = to_caller.join(holds.meet(openly))
            to_role = to_role.join(holds.within(own_mask))
            to_account = to_account.join(holds.within(account_mask))
        return to_caller, to_role, to_account


def masks_for(clause: Clause, caller: Caller) -> tuple[int, int, int, int]:
    """The members of a clause that name everybody or the user, a session of the role, the role, and the
    account.
    """
    who = clause.who
    if clause.trouble:
        return clause.members, 0, 0, 0
    everybody = who.get(("AWS", "*"), 0)
    own = account = session = 0
    for name in caller.own_names:
        own |= who.get(("AWS", name), 0)
    for name in caller.account_names:
        account |= who.get(("AWS", name), 0)
    if caller.session_prefix is not None:
        session = who.get((SESSION, caller.session_prefix), 0)
    if clause.not_who and clause.denies and caller.boundary is not None:
        # Source: IAM User Guide, "Permissions boundaries for IAM entities", Important (checked 2026-11-21):
        # such a denial holds for whoever has a boundary, named or not.
        return clause.members, 0, 0, 0
    if clause.not_who:
        # Whoever is not named is meant; a session that is named may be this one.
        others = clause.members & ~(everybody | own)
        return others & ~session, others & session, 0, 0
    if caller.kind == "user":
        return everybody | own, 0, 0, account
    return everybody, session & ~everybody, own, account
