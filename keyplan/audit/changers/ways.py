"""The list of who could change the answer, for which secret, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from keyplan.audit.callers import Caller
from keyplan.audit.chains import Graph
from keyplan.audit.changers.access import Changed
from keyplan.audit.changers.actions import (
    CREATE_GRANT,
    DELETE_POLICY,
    EDITING,
    PUT_KEY_POLICY,
    PUT_POLICY,
    REKEY,
)
from keyplan.audit.changers.control import Control
from keyplan.audit.estate import Estate
from keyplan.audit.policies.documents import Effect, Statement
from keyplan.audit.policies.grades import Verdict, positions

VERDICTS = (Verdict.ALLOW, Verdict.CONDITIONAL, Verdict.UNKNOWN)
ADMINISTRATOR, OWN_POLICIES, OTHER_POLICIES = "administrator", "own-policies", "other-policies"
SECRET_POLICY, SECRET_KEY, KEY_POLICY, GRANT = "secret-policy", "secret-key", "key-policy", "grant"
COMBINED = "several-changes"
CALLS = {
    SECRET_POLICY: (PUT_POLICY, DELETE_POLICY),
    KEY_POLICY: (PUT_KEY_POLICY,),
    GRANT: (CREATE_GRANT,),
    SECRET_KEY: (REKEY,),
}


@dataclass(frozen=True)
class Changer:
    """One principal, one secret, and one way in which it could give itself or others access.

    `how` is a stable code of docs/audit-changers.md; two that are needed together stand with `+` between.
    `through` is the ARN of what would be changed or of the role taken. `path` begins with the principal and
    goes over the roles that it would become to who makes the change, or to who reads then. `reads` is the
    access that it has already, directly or through roles.
    """

    principal: str
    secret: str
    verdict: Verdict
    how: str
    through: str
    message: str
    path: tuple[str, ...] = ()
    reads: Verdict = Verdict.DENY


@dataclass(frozen=True)
class _Way:
    """A way for several secrets; where `through` is nothing, it is each secret's own or its key's."""

    how: str
    secrets: int
    through: str
    message: str
    path: tuple[int, ...]


def changers(estate: Estate, graph: Graph) -> Iterator[Changer]:
    """Everybody who could give itself or others access to a secret, by principal, secret and way."""
    lister = _Lister(estate, graph)
    for number in range(len(estate.callers)):
        yield from lister.of(number)
    known = set(estate.problems())
    for key in sorted(lister.control.asking.strange()):
        words = f"a condition key that this keyplan does not know: {key}"
        if words not in known:
            estate.snapshot.problems.append(words)


class _Lister:
    def __init__(self, estate: Estate, graph: Graph) -> None:
        self.estate, self.graph = estate, graph
        self.control = Control(estate, graph)
        self.everything = (1 << len(estate.secrets)) - 1
        self._usable = estate.usable
        self._active = [self._is_active(caller) for caller in estate.callers]
        self._leads_to_change = self._leading()

    def of(self, principal: int) -> Iterator[Changer]:
        """One principal's rows, by secret."""
        if not self._leads_to_change >> principal & 1:
            return
        ways: list[tuple[Verdict, _Way, int]] = []
        done: dict[str, int] = {}
        by_administrator = 0
        for verdict in VERDICTS:
            for way in self._ways(principal, verdict, by_administrator):
                fresh = way.secrets & ~done.get(way.how, 0)
                if way.how != ADMINISTRATOR:
                    fresh &= ~by_administrator
                else:
                    by_administrator |= fresh
                if fresh:
                    done[way.how] = done.get(way.how, 0) | fresh
                    ways.append((verdict, way, fresh))
        reads = self._reads(principal)
        rows = [
            (position, order, verdict, way)
            for order, (verdict, way, fresh) in enumerate(ways)
            for position in positions(fresh)
        ]
        rows.sort(key=lambda row: row[:2])
        for position, _, verdict, way in rows:
            yield self._changer(principal, position, verdict, way, reads)

    def _changer(
        self, principal: int, position: int, verdict: Verdict, way: _Way, reads: Mapping[Verdict, int]
    ) -> Changer:
        secret = self.estate.secrets[position]
        now = next((each for each in VERDICTS if reads[each] >> position & 1), Verdict.DENY)
        through = way.through
        if not through:
            through = secret.arn
            if way.how in (KEY_POLICY, GRANT) and secret.key is not None:
                through = str(secret.key["Arn"])
        return Changer(
            self.estate.callers[principal].arn,
            secret.arn,
            verdict,
            way.how,
            through,
            way.message,
            tuple(self.estate.callers[step].arn for step in way.path),
            now,
        )

    def _reads(self, principal: int) -> dict[Verdict, int]:
        found = {}
        for verdict in VERDICTS:
            mask = 0
            for number in self.control.assumed(principal, verdict):
                mask |= self.graph.reads[number].at(verdict)
            found[verdict] = mask
        return found

    def _is_active(self, caller: Caller) -> bool:
        """Whether a principal may change anything itself."""
        levers = self.control.levers(caller)
        changed = levers.changes(Verdict.UNKNOWN)
        if changed.policies or changed.keys:
            return True
        if not self.control.asking.possible(caller):
            return False
        return bool(levers.takes or self.control.edits.hands(caller, Verdict.UNKNOWN))

    def _leading(self) -> int:
        """The principals who may change something, or become somebody who may."""
        found, before = sum(1 << number for number, active in enumerate(self._active) if active), -1
        while found != before:
            before = found
            for number, grades in enumerate(self.control.becomes):
                if grades.unknown & found:
                    found |= 1 << number
        return found

    def _ways(self, principal: int, verdict: Verdict, known: int) -> Iterator[_Way]:
        """The ways of one principal whose calls are all of at least a verdict."""
        control, callers = self.control, self.estate.callers
        possible = self._usable.at(verdict)
        held = control.assumed(principal, verdict)
        active = {number: path for number, path in held.items() if self._active[number]}
        if not active:
            return
        for number, path in active.items():
            statement = administers(callers[number])
            if statement is not None and possible & ~known:
                mask = control.gives([callers[number]], verdict, possible)
                known |= mask
                message = f"{statement.name} allows every action on everything"
                yield _Way(ADMINISTRATOR, mask, callers[number].arn, message, path)
        if not possible & ~known:
            return
        seen = 0
        for way in (
            *self._of_secrets(active, held, verdict),
            *self._own_policies(active, held, verdict, possible),
            *self._taking(active, verdict, possible),
            *self._other_policies(active, held, verdict, possible),
        ):
            seen |= way.secrets
            yield way
        now = 0
        for number in held:
            now |= self.graph.reads[number].at(verdict)
        rest = control.gives([callers[number] for number in held], verdict, possible) & ~(seen | now | known)
        if rest:
            message = "several of its changes together give access"
            yield _Way(COMBINED, rest, callers[principal].arn, message, (principal,))

    def _of_secrets(
        self, active: Mapping[int, tuple[int, ...]], held: Mapping[int, tuple[int, ...]], verdict: Verdict
    ) -> Iterator[_Way]:
        """Changes of the secret's own policy, of its key's, or of which key it has."""
        control, callers = self.control, self.estate.callers
        everybody = [callers[number] for number in held]
        alone: dict[str, Callable[[Changed], Changed]] = {
            SECRET_POLICY: lambda each: Changed(put=each.put, deleted=each.deleted),
            KEY_POLICY: lambda each: Changed(key_policy=each.key_policy),
            GRANT: lambda each: Changed(grant=each.grant),
            SECRET_KEY: lambda each: Changed(other_key=each.other_key),
        }
        words = {
            SECRET_POLICY: "the secret's own policy",
            KEY_POLICY: "its key's policy",
            GRANT: "a grant for its key",
            SECRET_KEY: "which key it has",
        }
        covered = 0
        for how, part in alone.items():
            for number, path in active.items():
                changed = part(control.levers(callers[number]).changes(verdict))
                wanted = changed.policies | changed.keys
                if wanted:
                    mask = control.after(everybody, changed, verdict) & wanted
                    covered |= mask
                    message = (
                        f"it may change {words[how]}{_by(control.by(callers[number], CALLS[how], mask))}"
                    )
                    yield _Way(how, mask, "", message, path)
        for number, path in active.items():
            changed = control.levers(callers[number]).changes(verdict)
            if not changed.policies & changed.keys & ~covered:
                continue
            for how in (KEY_POLICY, GRANT, SECRET_KEY):
                of_key = alone[how](changed)
                both = changed.policies & of_key.keys & ~covered
                if both:
                    pair = Changed(
                        changed.put & both,
                        changed.deleted & both,
                        of_key.key_policy & both,
                        of_key.grant & both,
                        of_key.other_key & both,
                    )
                    mask = control.after(everybody, pair, verdict) & both
                    first = _by(control.by(callers[number], CALLS[SECRET_POLICY], both))
                    second = _by(control.by(callers[number], CALLS[how], both))
                    message = f"it may change {words[SECRET_POLICY]}{first}, and {words[how]}{second}"
                    yield _Way(f"{SECRET_POLICY}+{how}", mask, "", message, path)

    def _own_policies(
        self,
        active: Mapping[int, tuple[int, ...]],
        held: Mapping[int, tuple[int, ...]],
        verdict: Verdict,
        possible: int,
    ) -> Iterator[_Way]:
        """Changes of the policies of the principal, or of a role that it may become."""
        control, callers = self.control, self.estate.callers
        for number, path in active.items():
            hands = control.edits.hands(callers[number], verdict)
            touched = control.edits.touched(hands) if hands else 0
            for target in held:
                if not touched >> target & 1:
                    continue
                for made in control.edits.after(hands, callers[target]):
                    mask = control.gives([made], verdict, possible)
                    whose = (
                        "its own policies"
                        if target == number
                        else "the policies of a role that it may become"
                    )
                    message = f"it may change {whose}{_by(control.by(callers[number], EDITING))}"
                    yield _Way(OWN_POLICIES, mask, callers[target].arn, message, path)

    def _taking(
        self, active: Mapping[int, tuple[int, ...]], verdict: Verdict, possible: int
    ) -> Iterator[_Way]:
        """The access of somebody else, taken."""
        control, callers = self.control, self.estate.callers
        covered: dict[str, int] = {}
        for number, path in active.items():
            for each in control.levers(callers[number]).takes:
                for target in positions(each.those.at(verdict)):
                    mask = control.gives([callers[target]], verdict, possible) & ~covered.get(each.how, 0)
                    if mask and target not in path:
                        covered[each.how] = covered.get(each.how, 0) | mask
                        _, by = control.by(callers[number], each.calls)
                        message = f"it may call {' and '.join(each.calls)} (by {by})"
                        yield _Way(each.how, mask, callers[target].arn, message, (*path, target))

    def _other_policies(
        self,
        active: Mapping[int, tuple[int, ...]],
        held: Mapping[int, tuple[int, ...]],
        verdict: Verdict,
        possible: int,
    ) -> Iterator[_Way]:
        """Changes of somebody else's policies, who reads then."""
        control, callers = self.control, self.estate.callers
        covered = 0
        for number, path in active.items():
            hands = control.edits.hands(callers[number], verdict)
            for target in positions(control.edits.touched(hands)) if hands else ():
                if target in held or not possible & ~covered:
                    continue
                now = self.graph.reads[target].at(verdict)
                for made in control.edits.after(hands, callers[target]):
                    mask = control.access.reads(made).at(verdict) & ~now & ~covered
                    if mask:
                        covered |= mask
                        by = _by(control.by(callers[number], EDITING))
                        message = f"it may change the policies of somebody else, who reads then{by}"
                        yield _Way(OTHER_POLICIES, mask, callers[target].arn, message, (*path, target))


def _by(found: tuple[str, str]) -> str:
    call, statement = found
    return f" ({call} by {statement})" if call else ""


def administers(caller: Caller) -> Statement | None:
    """The statement that makes a principal an administrator: every action on everything, unconditionally."""
    if caller.boundary is not None:
        return None
    for policy in caller.policies:
        for each in policy:
            if (
                each.effect is Effect.ALLOW
                and each.trouble is None
                and "*" in each.actions
                and "*" in each.resources
                and not (each.not_actions or each.not_resources or each.atoms)
            ):
                return each
    return None
