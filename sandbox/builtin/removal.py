"""What goes: resources that left the program, those that were replaced, and on destroy all of them.

Protected ones are looked for before the first deletion, so that a refusal changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sandbox.builtin.errors import ResourceFailed
from sandbox.builtin.state import Changed, Resource, State
from sandbox.provider import ProviderError
from sandbox.provider.provider import fixed_properties, recoverable

if TYPE_CHECKING:
    from sandbox.builtin.deployment import Deployment

UNPROTECT = "put it back, take its `protect` off, run up once, then remove it"


def remove_leftovers(deployment: Deployment) -> None:
    """After a program that ended well: delete what it no longer has. Raises: ResourceFailed."""
    state = deployment.state
    gone = [resource for resource in state.resources() if resource.urn not in deployment.registered]
    _refuse_protected(gone)
    _delete(deployment, [*gone, *state.doomed()])
    for urn, resource in deployment.deleted_first.items():
        if urn not in deployment.registered:
            deployment.note("deleted", resource)
    _remove_unfinished(deployment)
    for urn in state.rows("providers"):
        if urn not in deployment.registered:
            state.commit(("providers", urn, None))


def remove_everything(deployment: Deployment) -> None:
    """Delete all that the stack has made. Raises: ResourceFailed, before any deletion, for protected ones."""
    state = deployment.state
    _refuse_protected(state.resources())
    _delete(deployment, [*state.resources(), *state.doomed()])
    _remove_unfinished(deployment)
    for urn in state.rows("providers"):
        state.commit(("providers", urn, None))


def dependents_to_replace(state: State, gone: Resource, done: Iterable[str]) -> list[Resource]:
    """What cannot stay while a resource is deleted and made again: it names it in a fixed property.

    Newest first, and not those that this run has already been over.
    """
    found: dict[str, Resource] = {}
    finished = set(done)
    queue = [gone]
    while queue:
        target = queue.pop()
        for resource in state.resources():
            fixed = fixed_properties(resource.kind)
            names = {name for name, urns in resource.property_dependencies.items() if target.urn in urns}
            if names & fixed and resource.urn not in found and resource.urn not in finished:
                found[resource.urn] = resource
                queue.append(resource)
    return _newest_first(list(found.values()))


def tombstone(resource: Resource) -> list[Changed]:
    """What is remembered of a deleted resource that can be restored, to adopt it again then."""
    if not recoverable(resource.kind):
        return []
    return [("deleted", resource.urn, {"id": resource.id, "inputs": resource.row()["inputs"]})]


def _refuse_protected(resources: Sequence[Resource]) -> None:
    protected = [resource for resource in resources if resource.protect]
    if protected:
        names = ", ".join(f"{resource.name} ({resource.kind})" for resource in protected)
        raise ResourceFailed(
            protected[0].urn, "delete", "protected resources are not deleted", UNPROTECT, name=names
        )


def _delete(deployment: Deployment, resources: Sequence[Resource]) -> None:
    for resource in _newest_first(resources):
        present = deployment.state.resource(resource.urn)
        replaced = present is None or present.sequence != resource.sequence
        if not resource.retain_on_delete and not deployment.preview:
            try:
                provider = deployment.providers.get(resource.provider)
                provider.delete(resource.kind, resource.id, resource.inputs)
            except ProviderError as error:
                shown = f"{resource.name} ({resource.kind})"
                raise ResourceFailed(resource.urn, "delete", error.message, error.hint, name=shown) from None
        if replaced:
            # Its successor was reported as replaced.
            deployment.state.commit(("doomed", f"{resource.urn}#{resource.sequence}", None))
        else:
            deployment.state.commit(("resources", resource.urn, None), *tombstone(resource))
            deployment.note("forgotten" if resource.retain_on_delete else "deleted", resource)


def _remove_unfinished(deployment: Deployment) -> None:
    """What a killed run had begun to create and the program does not have any more."""
    if deployment.preview:
        return
    # A name that a killed run wanted may meanwhile belong to another resource of the stack.
    owned = {(resource.kind, resource.id) for resource in deployment.state.resources()}
    for urn, row in deployment.state.rows("pending").items():
        try:
            provider = deployment.providers.get(row["provider"])
            found = provider.find(row["kind"], row["inputs"])
            if found is not None and (row["kind"], found.id) not in owned:
                provider.delete(row["kind"], found.id, found.inputs)
        except ProviderError as error:
            raise ResourceFailed(urn, "delete", error.message, error.hint) from None
        deployment.state.commit(("pending", urn, None))


def _newest_first(resources: Sequence[Resource]) -> list[Resource]:
    """Reverse order of creation, except that nothing goes before what depends on it."""
    by_urn: dict[str, list[Resource]] = {}
    for resource in resources:
        by_urn.setdefault(resource.urn, []).append(resource)
    ordered: list[Resource] = []
    visited: set[tuple[str, int]] = set()

    def visit(start: Resource) -> None:
        # An explicit stack: a chain of dependencies may be longer than Python's recursion allows.
        stack = [(start, False)]
        while stack:
            resource, expanded = stack.pop()
            key = (resource.urn, resource.sequence)
            if expanded:
                ordered.append(resource)
            elif key not in visited:
                visited.add(key)
                stack.append((resource, True))
                for urn in resource.dependencies:
                    stack += [(needed, False) for needed in by_urn.get(urn, ())]

    for resource in sorted(resources, key=lambda resource: resource.sequence):
        visit(resource)
    return ordered[::-1]
