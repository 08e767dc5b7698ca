"""Sending readers back to the value that they had before, or taking back what waits. The twin of `keyplan
rollback`.

Owns the checks before it and the order; `way_back` says which steps there are. Afterwards the newer value is
the previous one, so that a second rollback goes forward again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile, Interrupted, KeyplanError
from keyplan.rotation import proving, words
from keyplan.rotation.moment import mark_of, pending_of
from keyplan.rotation.way_back import Move, way_back
from keyplan.stores.base import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.rotation.scene import Look, Scene
    from keyplan.rotation.way_back import WayBack
    from keyplan.stores.base import Version
    from keyplan.vendors.verdicts import Answer


@dataclass
class WentBack:
    """What was done. Nothing in it is a value."""

    look: Look  # what the stores said before
    way: WayBack
    answer: Answer | None  # about the value that readers get again; None where nobody was asked
    served: dict[str, str] = field(default_factory=dict)  # cloud -> the version that readers get again
    withdrawn: dict[str, str] = field(default_factory=dict)  # cloud -> the version that waited
    dry_run: bool = False

    @property
    def hint(self) -> str | None:
        """The part of the value that waited which its vendor shows."""
        labels = [version.label for version in map(pending_of, self.look.states.values()) if version]
        return next((label.hint for label in labels if label and label.hint), None)


def roll_back(scene: Scene, *, unverified: bool, dry_run: bool) -> WentBack:
    """Take back what waits; where nothing does, let current and previous change places.

    Raises:
        UsageError: there is nothing to go back to, or it is dead.
        VendorError: whether it is alive is not known.
        StoreError, ChangedMeanwhile: a store refused, or somebody else was faster; a second run goes on.
        Interrupted: Ctrl-C between two stores.
    """
    look = scene.look()
    way = way_back(look.states)
    if way.why is not None:
        raise words.no_way_back(scene.key.name, way, look.states)
    back = [cloud for cloud, move in way.moves if move is Move.GO_BACK]
    answer = _proven(scene, look, back, unverified=unverified) if back else None
    went = WentBack(look, way, answer, dry_run=dry_run)
    if dry_run:
        for cloud, move in way.moves:
            _note(went, cloud, move)
        return went
    try:
        for cloud, move in way.moves:
            _move(scene, went, cloud, move)
    except KeyboardInterrupt:
        name = scene.key.name
        done = (*went.served, *went.withdrawn)
        told = (
            f"done on {words.named(done)}, not known for the rest" if done else "what was done is not known"
        )
        raise Interrupted(f"interrupted: {told}", f"`keyplan rollback {name}` again finishes it") from None
    return went


def _note(went: WentBack, cloud: str, move: Move) -> None:
    """Keep what a move is about to do, or did."""
    state = went.look.states[cloud]
    version = state.at(Stage.PREVIOUS) if move is Move.GO_BACK else pending_of(state)
    if version is not None:
        (went.served if move is Move.GO_BACK else went.withdrawn)[cloud] = version.version_id


def _move(scene: Scene, went: WentBack, cloud: str, move: Move) -> None:
    ready, clouds = went.look.of(cloud), list(went.look.states)
    done = (*went.served, *went.withdrawn)
    try:
        if move is Move.GO_BACK:
            _go_back(scene, went, cloud)
            scene.say(f"  {words.at(cloud, clouds)}readers get version {went.served[cloud]} again")
        else:
            waiting = ready.store.pending(scene.key, ready.state)
            if waiting is not None and not waiting.withdraw():
                raise ChangedMeanwhile(f"what waits{words.on(cloud, clouds)} could not be taken back")
            _note(went, cloud, move)
            scene.say(f"  {words.at(cloud, clouds)}version {went.withdrawn[cloud]} is taken back")
    except KeyplanError as error:
        raise words.not_gone_back(scene.key.name, error, done, clouds) from None


def _go_back(scene: Scene, went: WentBack, cloud: str) -> None:
    ready = went.look.of(cloud)
    previous = ready.state.at(Stage.PREVIOUS)
    try:
        went.served[cloud] = ready.store.go_back(scene.key, ready.state)
    except KeyplanError:
        # No answer does not mean that it was not done.
        try:
            now = ready.store.state(scene.key).current
        except KeyplanError:
            now = None
        if now is None or previous is None or now.version_id != previous.version_id:
            raise
        went.served[cloud] = now.version_id


def _proven(scene: Scene, look: Look, clouds: Sequence[str], *, unverified: bool) -> Answer | None:
    """Whether the previous value is alive; None where nobody can tell."""
    previous = [(cloud, version) for cloud in clouds if (version := look.states[cloud].at(Stage.PREVIOUS))]
    answer = _asked(scene, look, previous)
    if answer is None:
        scene.say("  whether the previous value is alive was not asked: you may not read it")
        return None
    if not proving.is_let_through(answer, unverified=unverified):
        is_known = answer.verdict != "unknown"
        raise words.previous_not_alive(scene.key.name, answer.words, is_known=is_known)
    return answer


def _asked(scene: Scene, look: Look, previous: Sequence[tuple[str, Version]]) -> Answer | None:
    for cloud, version in previous:
        mark = mark_of(cloud, version)
        fingerprint = None if mark is None or "/" in mark else mark
        value = scene.may_read(cloud, version.version_id, fingerprint)
        if value is not None:
            return proving.ask(scene, value, look.bound_url)
    for _, version in previous:
        answer = proving.by_hint(scene, version)
        if answer is not None:
            return answer
    return None
