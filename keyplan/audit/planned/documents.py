"""What many types of resources have: names, tags and policy documents, and what is not known of them."""

from __future__ import annotations

from keyplan.audit.planned.draft import Entry, learn
from keyplan.audit.planned.handler import Plan
from keyplan.audit.planned.steps import State, Step
from keyplan.audit.planned.values import Identity, name_of, tags_of, text_of


def identify(kind: str, plan: Plan, step: Step, state: State) -> Identity:
    """The identity of one of IAM's own: its ARN is made of its kind, path and name."""
    name, path = _named(plan, step, state), text_of(state, "path") or "/"
    place = plan.place(step)
    arn = f"arn:{place.partition}:iam::{place.account}:{kind}{path}{name}"
    return Identity(step.kind, arn, name)


def _named(plan: Plan, step: Step, state: State) -> str:
    name = name_of(step, state)
    if name is None:
        name = f"{text_of(state, 'namePrefix') or ''}{step.name}"
        plan.draft.say(f"{step.label}: its name is not known before the update; {name} stands for it")
    return name


def set_tags(plan: Plan, step: Step, state: State, entry: Entry) -> None:
    """The tags of an entry; those that are not known weigh as unknown."""
    tags = tags_of(state)
    if tags is None:
        plan.draft.say(f"{step.label}: its tags are not known before the update")
    learn(entry, "Tags", tags)


def document(
    plan: Plan, step: Step, state: State, name: str, called: str, within: object = None
) -> object | None:
    """A policy document of an input; None, and said, where nobody can know it.

    Args:
        called: what the audit calls it.
        within: the document, where it is only a part of the input.
    """
    value = state.inputs.get(name) if within is None else within
    found = plan.references.document_in(value, state, name)
    if found is None:
        what = "its trust" if name == "assumeRolePolicy" else "its policy"
        plan.draft.say(f"{step.label}: {what} is not known before the update: it may allow and deny anything")
        plan.draft.explained.add(called)
        plan.draft.hides_documents = True
    return found
