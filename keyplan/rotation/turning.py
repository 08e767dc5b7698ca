"""Rotating a key: a fresh rotation from its beginning, or one that somebody began from where it stands. The
twin of `keyplan rotate`.

Owns which steps follow each other and what is checked before them. No file tells where a rotation stands:
only the stores do (`moment`), so a second run, on any machine, goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile, UsageError
from keyplan.rotation import proving, words
from keyplan.rotation.moment import Moment, Next, pending_of
from keyplan.rotation.steps import Course, Part
from keyplan.stores.labels import VersionLabel
from keyplan.storing.steps import fingerprint_of, in_order
from keyplan.vendors import vendor_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from keyplan.rotation.moment import Standing
    from keyplan.rotation.scene import Look, Scene
    from keyplan.secret_value import SecretValue
    from keyplan.vendors.verdicts import Answer

    class Giver(Protocol):
        """Who gives values: a person at a terminal, or standard input."""

        def given(self) -> SecretValue | None:
            """A value that is there without asking anybody."""

        def new(self) -> SecretValue:
            """A new value; a person is asked for it. Raises ValueRejected where there is none."""

        def same(self) -> SecretValue:
            """The value of a rotation that is under way, once more; a person is asked for it.

            Raises:
                UsageError: nobody can be asked.
            """


class Kind(StrEnum):
    """What was done."""

    ROTATED = "rotated"  # a new value was taken
    FINISHED = "finished"  # a rotation that was under way was brought to its end
    ABANDONED = "abandoned"  # what waited was taken back
    CHECKED = "checked"  # nothing: a dry run


@dataclass(frozen=True)
class Wishes:
    """What the caller asked for beside the usual."""

    new: bool = False  # begin anew, whatever is under way
    abandon: bool = False  # take back what waits
    unverified: bool = False  # go on where the vendor gives no answer
    dry_run: bool = False


@dataclass(frozen=True)
class Turned:
    """What came of it. Nothing in it is the value."""

    kind: Kind
    before: Standing  # where the rotation stood
    look: Look  # what the stores said then
    parts: Sequence[Part] = ()
    mark: str | None = None
    hint: str | None = None
    answer: Answer | None = None  # None where the vendor was not asked


def rotate(scene: Scene, wishes: Wishes, giver: Giver) -> Turned:
    """Bring a new value to every reader, or a rotation that is under way to its end.

    Raises:
        ValueRejected: the value given is not one, is known already, or dead at the vendor.
        Findings: what waits is dead at the vendor, or a rollback has to be finished first.
        VendorError: the vendor gave no answer.
        StoreError: a store refused; the message says what readers get where.
        ChangedMeanwhile: somebody else was faster, or began another rotation.
        Interrupted: Ctrl-C once a store had the value.
    """
    look = scene.look()
    at = look.standing
    for note in filter(None, (state.note for state in look.states.values())):
        scene.say(f"note: {note.message}" + (f"; {note.hint}" if note.hint else ""))
    if wishes.abandon:
        return _abandon(scene, look, wishes)
    if wishes.new or at.moment.is_resting:
        return _fresh(scene, look, wishes, giver)
    match at.moment.next:
        case Next.DECIDE:
            raise words.to_decide(scene.key.name, look.states)
        case Next.GO_BACK:
            raise words.rollback_stopped(scene.key.name)
        case Next.WITHDRAW:
            _tell_leftover(scene, at)
            if wishes.dry_run:
                return Turned(Kind.CHECKED, at, look)
            _withdraw(scene, look, at.waiting)
            return rotate(scene, wishes, giver)
    return _finish(scene, look, wishes, giver)


def _fresh(scene: Scene, look: Look, wishes: Wishes, giver: Giver) -> Turned:
    key = scene.key
    scene.say(words.what_to_make(scene.manifest, key, look.states, scene.now()))
    value = giver.given() if wishes.dry_run else giver.new()
    if value is None:
        return Turned(Kind.CHECKED, look.standing, look)
    answer = _examined(scene, look, value, wishes)
    turned = Turned(Kind.CHECKED, look.standing, look, (), fingerprint_of(value), _hint(scene, value), answer)
    if wishes.dry_run:
        return turned
    # A person may have taken minutes; somebody else's rotation is not to be trodden on.
    now = scene.look()
    if now.ids() != look.ids():
        raise words.meanwhile(key.name)
    if now.standing.waiting:
        _withdraw(scene, now, now.standing.waiting)
        now = scene.look()
    fingerprint, hint = turned.mark, turned.hint
    parts = in_order(
        Part(each, each.store.deposit(key, each.state, value, VersionLabel(fingerprint, each.caller, hint)))
        for each in now.ready
    )
    Course(scene, parts, (), value, fingerprint).run()
    return Turned(Kind.ROTATED, look.standing, now, parts, fingerprint, hint, answer)


def _examined(scene: Scene, look: Look, value: SecretValue, wishes: Wishes) -> Answer:
    """Everything that can be wrong with a new value, the vendor's word last: it costs a request."""
    key = scene.key
    vendor_named(key.vendor).check(value.reveal(), key.value_format)
    for each in look.ready:
        each.store.check_size(key, value)
    fingerprint = fingerprint_of(value)
    refused = words.known_already(key.name, look.states, fingerprint) if fingerprint else None
    if refused is not None:
        raise refused
    answer = proving.ask(scene, value, look.bound_url)
    if not proving.is_let_through(answer, unverified=wishes.unverified):
        raise words.not_accepted(key.name, answer)
    return answer


def _hint(scene: Scene, value: SecretValue) -> str | None:
    return vendor_named(scene.key.vendor).hint(value.reveal())


def _finish(scene: Scene, look: Look, wishes: Wishes, giver: Giver) -> Turned:
    """Bring what somebody began to its end, without asking for a value where none is lacking."""
    key, at = scene.key, look.standing
    scene.say(words.under_way(key.name, at, look.states))
    given = giver.given()
    if given is not None and (at.fingerprint is None or fingerprint_of(given) != at.fingerprint):
        raise words.another_waits(key.name, at)
    value = given or _stored_value(scene, look)
    if value is None and at.lacking and not wishes.dry_run:
        value = giver.same()
        if fingerprint_of(value) != at.fingerprint:
            raise words.another_waits(key.name, at)
    answer = _proven(scene, look, value, wishes)
    hint = _known_hint(look, at)
    if wishes.dry_run:
        return Turned(Kind.CHECKED, at, look, (), at.fingerprint, hint, answer)
    parts = in_order(_part(scene, look, cloud, value, hint) for cloud in (*at.waiting, *at.lacking))
    Course(scene, parts, at.serving, value, at.fingerprint).run()
    return Turned(Kind.FINISHED, at, look, parts, at.fingerprint, hint, answer)


def _part(scene: Scene, look: Look, cloud: str, value: SecretValue | None, hint: str | None) -> Part:
    ready = look.of(cloud)
    waiting = ready.store.pending(scene.key, ready.state)
    if waiting is not None:
        return Part(ready, waiting, is_new=False)
    if value is None:
        raise ValueError("a store that lacks the value cannot be given it without the value")
    label = VersionLabel(fingerprint_of(value), ready.caller, hint)
    return Part(ready, ready.store.deposit(scene.key, ready.state, value, label))


def _stored_value(scene: Scene, look: Look) -> SecretValue | None:
    """The value that is under way, from a store that has it, where the caller may read it there."""
    at = look.standing
    for cloud in (*at.waiting, *at.serving):
        state = look.states[cloud]
        version = pending_of(state) if cloud in at.waiting else state.current
        if version is None:
            continue
        # Without a fingerprint there is one store only, and nothing to mistake the value for.
        value = scene.may_read(cloud, version.version_id, at.fingerprint)
        if value is not None:
            return value
    return None


def _proven(scene: Scene, look: Look, value: SecretValue | None, wishes: Wishes) -> Answer | None:
    """Whether what waits is alive still; None where nobody can tell and it was alive when it was stored."""
    at = look.standing
    if value is not None:
        answer = proving.ask(scene, value, look.bound_url)
    else:
        listed = proving.by_hint(scene, at.begun) if at.begun is not None else None
        if listed is None:
            scene.say("  not asked the vendor again: you may not read the value; it was checked when stored")
            return None
        answer = listed
    if not proving.is_let_through(answer, unverified=wishes.unverified):
        raise words.not_promotable(scene.key.name, answer, at)
    return answer


def _known_hint(look: Look, at: Standing) -> str | None:
    labels = [state.known(at.fingerprint) for state in look.states.values()] if at.fingerprint else []
    return next((label.hint for label in labels if label is not None and label.hint), None)


def _abandon(scene: Scene, look: Look, wishes: Wishes) -> Turned:
    """Take back what waits, where no reader got it yet."""
    at, key = look.standing, scene.key
    if at.moment is Moment.PROMOTED_SOME or (at.serving and at.waiting):
        raise UsageError(
            f"readers on {words.named(at.serving)} get the new value already; nothing was changed",
            words.goes_on(key.name),
        )
    if not at.waiting:
        raise UsageError(f"no value of key {key.name} waits: there is nothing to abandon")
    if not wishes.dry_run:
        _withdraw(scene, look, at.waiting)
    label = at.begun.label if at.begun is not None else None
    kind = Kind.CHECKED if wishes.dry_run else Kind.ABANDONED
    return Turned(kind, at, look, (), at.fingerprint, label.hint if label else None)


def _withdraw(scene: Scene, look: Look, clouds: Sequence[str]) -> None:
    """Take back what waits in these stores.

    Raises:
        ChangedMeanwhile: it could not be taken back everywhere; the store has said why.
    """
    for cloud in clouds:
        ready = look.of(cloud)
        waiting = ready.store.pending(scene.key, ready.state)
        if waiting is not None and not waiting.withdraw():
            raise ChangedMeanwhile(
                f"what waits of key {scene.key.name}{words.on(cloud, look.states)} could not be taken back",
                f"`keyplan history {scene.key.name}` shows what is there",
            )


def _tell_leftover(scene: Scene, at: Standing) -> None:
    begun = at.begun
    which = f" ({words.told(begun)})" if begun is not None else ""
    scene.say(f"what waits{which} is served already, or dead: it is taken back")
