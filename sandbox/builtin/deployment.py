"""One run over a stack: what the program registers is compared with the state and made so.

Knows nothing of gRPC and of processes. Every public method may be called from many threads at once; the
program's own dependencies set the order. What it does not do it refuses by name, before anything is changed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.builtin.errors import ResourceFailed
from sandbox.builtin.providers import Providers
from sandbox.builtin.removal import dependents_to_replace, tombstone
from sandbox.builtin.state import Changed, Resource, State
from sandbox.property_paths import without_ignored
from sandbox.provider import Provider, ProviderError
from sandbox.provider import State as Found
from sandbox.provider.archives import hashed, is_elided
from sandbox.provider.errors import AlreadyExists
from sandbox.result import Change, ChangeKind, Report

PROVIDER_PREFIX = "pulumi:providers:"
UNPROTECT = "take `protect` off the resource in the program, run up once, then make this change"


@dataclass(frozen=True)
class Goal:
    """What the program wants: one registered resource with its options."""

    urn: str
    kind: str
    name: str
    inputs: dict[str, Any]
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    import_id: str = ""


@dataclass(frozen=True)
class Registered:
    """What the program gets back."""

    urn: str
    id: str
    outputs: Mapping[str, Any]


class Deployment:
    """The run. `changes` grows while it goes on."""

    def __init__(
        self,
        state: State,
        providers: Providers,
        project: Path,
        *,
        preview: bool,
        report: Report | None = None,
    ) -> None:
        """Args: project: the folder that relative paths of assets start from."""
        self.state = state
        self.providers = providers
        self.project = project
        self.preview = preview
        self.changes: list[Change] = []
        self.registered: set[str] = set()
        self.failures: list[ResourceFailed] = []
        # What had to go before something that it depends on could be made again.
        self.deleted_first: dict[str, Resource] = {}
        self._report = report
        self._lock = threading.Lock()

    def claim(self, urn: str) -> None:
        """Note that the program has this resource. Raises: ResourceFailed when it has two of the name."""
        with self._lock:
            if urn in self.registered:
                raise ResourceFailed(urn, "register", "the program has two resources of this type and name")
            self.registered.add(urn)

    def register(self, goal: Goal) -> Registered:
        """Bring one resource into the state that the program wants. Raises: ResourceFailed."""
        operation = "check"
        try:
            self.claim(goal.urn)
            if goal.kind.startswith(PROVIDER_PREFIX):
                id_ = self.providers.register(goal.urn, goal.kind, goal.inputs)
                return Registered(goal.urn, id_, {})
            provider = self.providers.get(goal.provider)
            old = self.state.resource(goal.urn)
            written = replace(goal, inputs=hashed(goal.inputs, self.project))
            goal = self._checked(provider, written, old)
            operation = "import"
            old, adopted = self._adopted(provider, goal, old)
            if adopted and goal.ignore_changes:
                goal = self._checked(provider, written, old)
            operation = "create" if old is None else "update"
            if old is None:
                resource = self._create(provider, goal)
                self.note("replaced" if goal.urn in self.deleted_first else "created", resource)
            else:
                resource = self._change(provider, goal, old, adopted)
            # The SDK refuses archives without contents; for what is missing it takes its own inputs.
            outputs = {key: value for key, value in resource.outputs.items() if not is_elided(value)}
            return Registered(resource.urn, resource.id, outputs)
        except ProviderError as error:
            raise ResourceFailed(goal.urn, operation, error.message, error.hint, name=_shown(goal)) from None

    def note(self, kind: ChangeKind, resource: Resource) -> None:
        """Remember and report a change."""
        change = Change(kind, resource.urn, resource.kind, resource.name)
        with self._lock:
            self.changes.append(change)
            if self._report is not None:
                self._report(change)

    def failed(self, failure: ResourceFailed) -> None:
        """Remember a failure; the first one becomes the run's error."""
        with self._lock:
            self.failures.append(failure)

    def _checked(self, provider: Provider, goal: Goal, old: Resource | None) -> Goal:
        """The goal with what it ignores as it is, and with the provider's defaults."""
        goal = self._ignoring(goal, old)
        checked = provider.check(goal.kind, goal.name, goal.inputs, old.inputs if old else None)
        if checked.failures:
            raise ProviderError("; ".join(checked.failures))
        return replace(goal, inputs=checked.inputs)

    def _ignoring(self, goal: Goal, old: Resource | None) -> Goal:
        if old is None or not goal.ignore_changes:
            return goal
        try:
            inputs = without_ignored(goal.inputs, old.inputs, goal.ignore_changes)
        except ValueError as error:
            raise ProviderError(f"the sandbox cannot follow ignoreChanges `{error}`") from None
        return replace(goal, inputs=inputs)

    def _adopted(self, provider: Provider, goal: Goal, old: Resource | None) -> tuple[Resource | None, bool]:
        """A resource that exists and is not in the state: imported, restored, or from a killed run."""
        found: Found | None = None
        if goal.import_id and (old is None or old.id != goal.import_id):
            if old is not None:
                raise ProviderError(
                    f"the program imports another resource here than {old.id}, its present one"
                )
            found = provider.read(goal.kind, goal.import_id)
            if found is None:
                raise ProviderError(f"{goal.import_id} does not exist, so it cannot be imported")
        pending = self.state.row("pending", goal.urn)
        if found is None and pending is not None and self._is_new(provider, goal, old):
            found = provider.find(goal.kind, pending["inputs"])
            if found is not None and old is not None and found.id == old.id:
                found = None
        deleted = self.state.row("deleted", goal.urn)
        if found is None and old is None and deleted is not None:
            found = provider.read(goal.kind, deleted["id"], deleted["inputs"])
        if found is None:
            return old, False
        adopted = self._resource(replace(goal, inputs=found.inputs), found)
        changes: list[Changed] = [("resources", goal.urn, adopted.row()), *_settled(goal.urn)]
        if old is not None:
            changes.append(_doom(old))
        self.state.commit(*changes)
        return adopted, True

    def _is_new(self, provider: Provider, goal: Goal, old: Resource | None) -> bool:
        return old is None or bool(provider.diff(goal.kind, old.inputs, goal.inputs).replaces)

    def _create(self, provider: Provider, goal: Goal, *also: Changed) -> Resource:
        """Create, with a note before it by which a killed run's resource is found again."""
        if not self.preview:
            begun = {"kind": goal.kind, "provider": goal.provider, "inputs": goal.inputs}
            self.state.commit(("pending", goal.urn, begun))
        try:
            found = provider.create(goal.kind, goal.inputs, self.preview)
        except AlreadyExists:
            # It is somebody else's: a note would make the next run take it for its own.
            self.state.commit(("pending", goal.urn, None))
            raise
        resource = self._resource(goal, found)
        self.state.commit(("resources", goal.urn, resource.row()), *_settled(goal.urn), *also)
        return resource

    def _change(self, provider: Provider, goal: Goal, old: Resource, adopted: bool) -> Resource:
        difference = provider.diff(goal.kind, old.inputs, goal.inputs)
        wanted = set(goal.replace_on_changes)
        replaces = difference.replaces | {name for name in difference.changed if {name, "*"} & wanted}
        if replaces:
            if adopted and goal.import_id:
                names = ", ".join(f"`{name}`" for name in sorted(replaces))
                raise ProviderError(f"the imported resource differs in {names}, which cannot be changed")
            before = goal.delete_before_replace
            return self._replace(
                provider, goal, old, difference.delete_before_replace if before is None else before
            )
        known = Found(old.id, old.inputs, old.outputs)
        if difference.changed:
            known = provider.update(goal.kind, old.id, known, goal.inputs, difference.changed, self.preview)
        else:
            known = Found(old.id, goal.inputs, known.outputs)
        resource = replace(self._resource(goal, known), sequence=old.sequence)
        if resource.row() != old.row():
            self.state.commit(("resources", goal.urn, resource.row()))
        self.note("adopted" if adopted else "updated" if difference.changed else "kept", resource)
        return resource

    def _replace(self, provider: Provider, goal: Goal, old: Resource, delete_first: bool) -> Resource:
        if old.protect:
            raise ProviderError(
                "the change needs a new resource, and the present one is protected", UNPROTECT
            )
        if old.retain_on_delete:
            resource = self._create(provider, goal)
            self.note("forgotten", old)
        elif delete_first:
            for dependent in dependents_to_replace(self.state, old, self.registered):
                if dependent.protect:
                    raise ProviderError(f"{dependent.name} depends on it and is protected", UNPROTECT)
                self._delete_first(dependent)
                self.deleted_first[dependent.urn] = dependent
            self._delete_first(old)
            resource = self._create(provider, goal)
        else:
            resource = self._create(provider, goal, _doom(old))
        self.note("replaced", resource)
        return resource

    def _delete_first(self, resource: Resource) -> None:
        if not self.preview:
            self.providers.get(resource.provider).delete(resource.kind, resource.id, resource.inputs)
        self.state.commit(("resources", resource.urn, None), *tombstone(resource))

    def _resource(self, goal: Goal, found: Found) -> Resource:
        return Resource(
            urn=goal.urn,
            kind=goal.kind,
            name=goal.name,
            id=found.id,
            provider=goal.provider,
            inputs=found.inputs,
            outputs=found.outputs,
            dependencies=goal.dependencies,
            property_dependencies=goal.property_dependencies,
            protect=goal.protect,
            retain_on_delete=goal.retain_on_delete,
            sequence=self.state.next_sequence(),
        )


def _settled(urn: str) -> list[Changed]:
    return [("pending", urn, None), ("deleted", urn, None)]


def _doom(old: Resource) -> Changed:
    return ("doomed", f"{old.urn}#{old.sequence}", old.row())


def _shown(goal: Goal) -> str:
    return f"{goal.name} ({goal.kind})"
