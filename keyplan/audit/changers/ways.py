"""The ways of each principal to change who reads: what would be changed, and for which secrets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

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
    TAG_KEY,
    TAG_PRINCIPALS,
    TAG_SECRET,
    UNTAG_KEY,
    UNTAG_SECRET,
)
from keyplan.audit.changers.control import Control
from keyplan.audit.changers.hands import Hands
from keyplan.audit.changers.levers import PRINCIPAL_TAGS, ROLE_TRUST
from keyplan.audit.estate import Estate
from keyplan.audit.policies.documents import Effect, Statement
from keyplan.audit.policies.grades import Verdict, positions

VERDICTS = (Verdict.ALLOW, Verdict.CONDITIONAL, Verdict.UNKNOWN)
ADMINISTRATOR, OWN_POLICIES, OTHER_POLICIES = "administrator", "own-policies", "other-policies"
SECRET_POLICY, SECRET_KEY, KEY_POLICY, GRANT = "secret-policy", "secret-key", "key-policy", "grant"
SECRET_TAGS, KEY_TAGS = "secret-tags", "key-tags"
TOGETHER, UNREAD = "several-changes", "unread-policies"
OF_SECRETS: Mapping[str, tuple[Callable[[Changed], Changed], tuple[str, ...], str]] = {
    SECRET_POLICY: (
        lambda each: Changed(put=each.put, deleted=each.deleted),
        (PUT_POLICY, DELETE_POLICY),
        "the secret's own policy",
    ),
    KEY_POLICY: (
        lambda each: Changed(key_policy=each.key_policy),
        (PUT_KEY_POLICY,),
        "its key's policy",
    ),
    GRANT: (lambda each: Changed(grant=each.grant), (CREATE_GRANT,), "the grants of its key"),
    SECRET_KEY: (lambda each: Changed(other_key=each.other_key), (REKEY,), "which key it has"),
    SECRET_TAGS: (lambda each: Changed(tags=each.tags), (TAG_SECRET, UNTAG_SECRET), "the secret's tags"),
    KEY_TAGS: (lambda each: Changed(key_tags=each.key_tags), (TAG_KEY, UNTAG_KEY), "its key's tags"),
}
Paths = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class Way:
    """One way for several secrets; where `through` is empty, each secret's own policy or key is changed.

    `path` begins with the principal and goes over the roles that it would become to who makes the change, or
    to who reads then; all are numbers of principals.
    """

    verdict: Verdict
    how: str
    secrets: int
    through: str
    message: str
    path: tuple[int, ...]


class Ways:
    """The ways in one snapshot."""

    def __init__(self, estate: Estate, graph: Graph) -> None:
        self._estate = estate
        self.control = Control(estate, graph)
        self._callers = estate.callers
        self._shares: dict[tuple[int, Verdict, bool], list[tuple[int, int]]] = {}
        self._changed: dict[tuple[object, ...], list[tuple[int, int]]] = {}
        self._told: dict[tuple[object, ...], tuple[str, str]] = {}

    def of(self, principal: int) -> Iterator[Way]:
        """One principal's ways: the best verdict first, and each secret once for each way.

        What somebody can do as an administrator is not told a second time, as other ways.
        """
        if not self.control.leading >> principal & 1:
            return
        done: dict[str, int] = {}
        for verdict in VERDICTS:
            for way in self._at(principal, verdict, done.get(ADMINISTRATOR, 0)):
                told = done.get(way.how, 0) | done.get(ADMINISTRATOR, 0) | done.get(UNREAD, 0)
                fresh = way.secrets & ~told
                if fresh:
                    done[way.how] = done.get(way.how, 0) | fresh
                    yield replace(way, secrets=fresh)

    def _at(self, principal: int, verdict: Verdict, known: int) -> Iterator[Way]:
        """The ways whose calls are all of at least a verdict."""
        control = self.control
        possible = self._estate.usable.at(verdict)
        own = self._as_a_whole(principal, (principal,), verdict, possible & ~known)
        if own is not None:  # whoever may do everything need not become anybody
            known |= own.secrets
            yield own
            if not possible & ~known:
                return
        held = control.assumed(principal, verdict)
        active = {number: path for number, path in held.items() if control.active >> number & 1}
        for number, path in active.items():
            whole = self._as_a_whole(number, path, verdict, possible & ~known)
            if whole is not None:
                known |= whole.secrets
                yield whole
        if not active or not possible & ~known:
            return
        seen = known | control.reads(held, verdict)
        for way in (
            *self._of_secrets(active, held, verdict),
            *self._own_policies(active, held, verdict),
            *self._taking(active, verdict),
            *self._other_policies(active, held, verdict),
        ):
            seen |= way.secrets
            yield way
        for way in (
            *self._own_tags(active, held, verdict, seen),
            *self._other_policies(active, held, verdict, of_tags=True),
        ):
            seen |= way.secrets
            yield way
        if possible & ~seen:
            rest = control.gives_together([self._callers[number] for number in held], verdict) & ~seen
            message = "it may make several changes, which only together give access"
            yield Way(verdict, TOGETHER, rest, self._callers[principal].arn, message, (principal,))

    def _as_a_whole(self, number: int, path: tuple[int, ...], verdict: Verdict, wanted: int) -> Way | None:
        """What somebody gives who may do everything, of the secrets that are wanted."""
        whole = self._may_do_everything(self._callers[number], verdict) if wanted else None
        if whole is None:
            return None
        mask = self.control.gives(self._callers[number], verdict) & wanted
        return Way(verdict, whole[0], mask, self._callers[number].arn, whole[1], path)

    def _may_do_everything(self, caller: Caller, verdict: Verdict) -> tuple[str, str] | None:
        """The code and the reason of who may do everything, so that its ways need not be told one by one."""
        statement = administers(caller)
        if statement is not None:
            return ADMINISTRATOR, f"{statement.name} allows every action on everything"
        if verdict is Verdict.UNKNOWN and self.control.asking.unread(caller):
            return UNREAD, "one of its policies could not be read, and may allow anything"
        return None

    def _of_secrets(self, active: Paths, held: Paths, verdict: Verdict) -> Iterator[Way]:
        """Changes of the secret's own policy, of its key's, or of which key it has."""
        covered = 0
        for how, (part, calls, what) in OF_SECRETS.items():
            for number, path in active.items():
                changed = part(self._changes(number, verdict))
                mask = self._after(held, changed, verdict, fresh=how in (SECRET_TAGS, KEY_TAGS))
                if mask:
                    covered |= mask
                    message = f"it may change {what}{self._by(number, calls, mask)}"
                    yield Way(verdict, how, mask, "", message, path)
        for number, path in active.items():
            changed = self._changes(number, verdict).within(~covered)
            if changed.policies & changed.keys:
                yield from self._of_both(number, changed, path, held, verdict)

    def _of_both(
        self, number: int, changed: Changed, path: tuple[int, ...], held: Paths, verdict: Verdict
    ) -> Iterator[Way]:
        """Changes of the secret's own policy and of who decrypts, neither of which is enough."""
        for first, how in itertools.product(
            (SECRET_POLICY, SECRET_TAGS), (KEY_POLICY, GRANT, SECRET_KEY, KEY_TAGS)
        ):
            of_secret, calls, what = OF_SECRETS[first]
            of_key, further, and_what = OF_SECRETS[how]
            both = of_secret(changed).policies & of_key(changed).keys
            together = of_secret(changed).join(of_key(changed)).within(both)
            mask = self._after(held, together, verdict, fresh=first == SECRET_TAGS) if both else 0
            if mask:
                one, two = self._by(number, calls, mask), self._by(number, further, mask)
                message = f"it may change {what}{one}, and {and_what}{two}"
                yield Way(verdict, f"{first}+{how}", mask, "", message, path)

    def _own_policies(self, active: Paths, held: Paths, verdict: Verdict) -> Iterator[Way]:
        """Changes of the policies of the principal, or of a role that it may become."""
        control = self.control
        for number, path in active.items():
            hands = control.hands(self._callers[number], verdict).of_policies()
            touched = control.edits.touched(hands) if hands else 0
            for target in held if touched else ():
                for made in (
                    control.edits.after(hands, self._callers[target]) if touched >> target & 1 else ()
                ):
                    mask = control.gives(made, verdict)
                    whose = (
                        "its own policies"
                        if target == path[0]
                        else "the policies of a role that it may become"
                    )
                    message = f"it may change {whose}{self._by(number, EDITING)}"
                    yield Way(verdict, OWN_POLICIES, mask, self._callers[target].arn, message, path)

    def _own_tags(self, active: Paths, held: Paths, verdict: Verdict, seen: int) -> Iterator[Way]:
        """Changes of the tags of the principal, or of a role that it may become.

        What the tags themselves open is told, and of what else whoever has them could do only what no other
        way gives.
        """
        control, left = self.control, self._estate.usable.at(verdict) & ~seen
        for number, path in active.items():
            hands = control.hands(self._callers[number], verdict).of_tags()
            touched = control.edits.touched(hands) if hands else 0
            for target in held if touched else ():
                now = control.reads((target,), verdict)
                for made in control.edits.after(hands, self._callers[target]):
                    mask = control.access.reads(made).at(verdict) & ~now
                    if left:
                        mask |= control.gives(made, verdict) & left
                    whose = "its own tags" if target == path[0] else "the tags of a role that it may become"
                    message = f"it may change {whose}{self._by(number, TAG_PRINCIPALS)}"
                    yield Way(verdict, PRINCIPAL_TAGS, mask, self._callers[target].arn, message, path)

    def _taking(self, active: Paths, verdict: Verdict) -> Iterator[Way]:
        """The access of somebody else, taken."""
        control = self.control
        covered: dict[str, int] = {}
        for number, path in active.items():
            own = sum(1 << step for step in path)
            for each in control.levers(self._callers[number]).takes:
                those = each.those.at(verdict) & ~own
                if not those:
                    continue
                _, by = self._said(number, each.calls)
                message = f"it may call {' and '.join(each.calls)} (by {by})"
                for target, mask in self._share(those, verdict, each.how):
                    fresh = mask & ~covered.get(each.how, 0)
                    if fresh:
                        covered[each.how] = covered.get(each.how, 0) | fresh
                        through = self._callers[target].arn
                        yield Way(verdict, each.how, fresh, through, message, (*path, target))

    def _other_policies(
        self, active: Paths, held: Paths, verdict: Verdict, *, of_tags: bool = False
    ) -> Iterator[Way]:
        """Changes of somebody else's policies, or of its tags, who reads then."""
        control = self.control
        how, what, calls = (
            (PRINCIPAL_TAGS, "tags", TAG_PRINCIPALS) if of_tags else (OTHER_POLICIES, "policies", EDITING)
        )
        covered = 0
        for number, path in active.items():
            every = control.hands(self._callers[number], verdict)
            hands = every.of_tags() if of_tags else every.of_policies()
            touched = control.edits.touched(hands) if hands else 0
            for target in held if touched else ():
                touched &= ~(1 << target)
            message = f"it may change the {what} of somebody else, who reads then{self._by(number, calls)}"
            for target, mask in self._share_of_changed(hands, touched, verdict) if touched else ():
                fresh = mask & ~covered
                if fresh:
                    covered |= fresh
                    through = self._callers[target].arn
                    yield Way(verdict, how, fresh, through, message, (*path, target))

    def _share(self, those: int, verdict: Verdict, how: str) -> list[tuple[int, int]]:
        """Of several who may be taken, those that bring secrets which the ones before do not bring."""
        control, by_trust = self.control, how == ROLE_TRUST
        key = (those, verdict, by_trust)
        if key not in self._shares:
            gives = (
                (
                    target,
                    control.gives_retrusted(target, verdict)
                    if by_trust
                    else control.gives(self._callers[target], verdict),
                )
                for target in positions(those)
            )
            self._shares[key] = self._covering(gives, verdict)
        return self._shares[key]

    def _share_of_changed(self, hands: Hands, touched: int, verdict: Verdict) -> list[tuple[int, int]]:
        """The same of those who would read after a change of their policies."""
        # Of policies each is found once for all; of tags, of which there are many, only who brings something.
        key = (hands.key(), verdict, touched if hands.tags else -1)
        if key not in self._changed:
            those = self._reading_then(hands, touched if hands.tags else -1, verdict)
            self._changed[key] = [each for each in those if each[1]]
        return self._covering((each for each in self._changed[key] if touched >> each[0] & 1), verdict)

    def _reading_then(self, hands: Hands, those: int, verdict: Verdict) -> Iterator[tuple[int, int]]:
        control, left = self.control, self._estate.usable.at(verdict)
        for target in positions(control.edits.touched(hands) & those):
            now = control.reads((target,), verdict)
            for made in control.edits.after(hands, self._callers[target], self._worth(left & ~now, verdict)):
                mask = control.access.reads(made).at(verdict) & ~now
                yield target, mask
                if hands.tags:
                    left &= ~mask

    def _worth(self, wanted: int, verdict: Verdict) -> Callable[[Caller], int]:
        """Whether somebody reads any of those, under conditions if its tags are open."""
        return lambda openly: self.control.access.reads(openly).at(min(verdict, Verdict.CONDITIONAL)) & wanted

    def _covering(self, gives: Iterable[tuple[int, int]], verdict: Verdict) -> list[tuple[int, int]]:
        found, left = [], self._estate.usable.at(verdict)
        for target, mask in gives:
            if mask & left:
                found.append((target, mask & left))
                left &= ~mask
            if not left:
                break
        return found

    def _changes(self, number: int, verdict: Verdict) -> Changed:
        return self.control.levers(self._callers[number]).changes(verdict)

    def _after(self, held: Iterable[int], changed: Changed, verdict: Verdict, *, fresh: bool = False) -> int:
        """The secrets read after a change; `fresh`: of which that change gives somebody more."""
        wanted = changed.policies | changed.keys
        if not wanted:
            return 0
        everybody = (self._callers[number] for number in held)
        weigh = self.control.gained if fresh else self.control.after
        return weigh(everybody, changed, verdict) & wanted

    def _said(self, number: int, calls: tuple[str, ...], mask: int = -1) -> tuple[str, str]:
        key = (number, calls, mask)
        if key not in self._told:
            self._told[key] = self.control.by(self._callers[number], calls, mask)
        return self._told[key]

    def _by(self, number: int, calls: tuple[str, ...], mask: int = -1) -> str:
        call, statement = self._said(number, calls, mask)
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
