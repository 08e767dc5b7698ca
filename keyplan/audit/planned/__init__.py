"""The snapshot after a planned change: who could read what, once `pulumi up` has done what a preview shows.

Pure: the document of a snapshot and that of `pulumi preview --json` in, a document out, with what nobody can
know before the update. In the order in which they use each other:
    steps       the preview, read
    values      inputs, and what only the update will know foreseen where AWS makes it predictable
    draft       the snapshot's document as it is being changed
    orphans     policies that name a principal which is deleted
    aws_policies    AWS's own policies that a snapshot need not have yet
    handler     what all types of resources have in common
    documents   names, tags and policy documents
    policies, identities, attachments, keys, secrets    the types
    kinds       the types by name, and which of the others touch access
What is not understood, and may touch access, is said: it is never taken for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyplan.audit.planned.draft import Draft
from keyplan.audit.planned.handler import Plan
from keyplan.audit.planned.kinds import FIRST, HANDLERS, LAST, MIDDLE, touches_access
from keyplan.audit.planned.steps import MAKING, REMOVING, State, Step, read_preview
from keyplan.audit.planned.values import is_open


@dataclass(frozen=True)
class Foreseen:
    """A snapshot's document after a plan, and what could not be foreseen, a line each."""

    document: dict[str, Any]
    problems: list[str]
    explained: frozenset[str]  # what the audit calls documents that are unknown for one of these reasons
    hides_documents: bool  # whether a policy or trust is not in the preview


def foreseen(snapshot: object, preview: object) -> Foreseen:
    """Apply a preview's steps to a snapshot; what is given stays as it is.

    Args:
        snapshot: a snapshot's document, as JSON that was loaded.
        preview: what `pulumi preview --json` prints, likewise.

    Raises:
        UsageError: one of them is none, or the preview failed.
    """
    draft, steps = Draft(snapshot), read_preview(preview)
    plan = Plan(draft, _default_region(preview, draft.region), _provider_regions(steps))
    making = [(step, step.new) for step in steps if step.op in MAKING and step.new is not None]
    for step, state in making:
        _identify(plan, step, state)
    for step in steps:
        # What is replaced is removed before anything is made, so that what is new stays.
        if step.op in REMOVING and step.old is not None and not step.old.retained:
            _apply(plan, step, step.old, removing=True)
    for group in (FIRST, MIDDLE, LAST):
        for step, state in making:
            if step.kind in group:
                _apply(plan, step, state, removing=False)
    for step in steps:
        if step.op in MAKING | REMOVING and step.kind not in HANDLERS and touches_access(step.kind):
            draft.say(f"{step.label}: this type is not understood, and may change who can read what")
    return Foreseen(draft.document, draft.problems, frozenset(draft.explained), draft.hides_documents)


def _identify(plan: Plan, step: Step, state: State) -> None:
    handler = HANDLERS.get(step.kind)
    identify = handler.identify if handler else None
    plan.references.add(step.urn, None if identify is None else identify(plan, step, state))


def _apply(plan: Plan, step: Step, state: State, *, removing: bool) -> None:
    handler = HANDLERS.get(step.kind)
    if handler is not None:
        (handler.remove if removing else handler.make)(plan, step, state)


def _default_region(preview: object, region: str) -> str:
    """The region of the stack's configuration, where it says one."""
    config = preview.get("config") if isinstance(preview, Mapping) else None
    given = config.get("aws:region") if isinstance(config, Mapping) else None
    return given if isinstance(given, str) and given and not is_open(given) else region


def _provider_regions(steps: Sequence[Step]) -> dict[str, str]:
    """The regions of providers that the preview shows, by their names; empty where it is not told."""
    found = {}
    for step in steps:
        if step.kind == "pulumi:providers:aws":
            state = step.new or step.old
            region = state.inputs.get("region") if state else None
            found[step.name] = region if isinstance(region, str) and not is_open(region) else ""
    return found
