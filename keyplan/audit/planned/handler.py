"""What every type of resource has in common: where it is made, what it is called, how it changes a draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from keyplan.audit.arns import arn_part
from keyplan.audit.planned.draft import Draft
from keyplan.audit.planned.steps import State, Step
from keyplan.audit.planned.values import Identity, Place, References, is_open


@dataclass
class Plan:
    """A draft of the snapshot after, and what the steps are called."""

    draft: Draft
    region: str  # that of the default provider
    provider_regions: Mapping[str, str]  # of the other providers that the preview shows
    references: References = field(default_factory=References)

    def place(self, step: Step) -> Place:
        """Where a step's resource is: by its ARN if it has one, else by its provider."""
        for state in (step.new, step.old):
            arn = str((state.outputs if state else {}).get("arn") or "")
            if arn.startswith("arn:") and not is_open(arn):
                region = arn_part(arn, 3) or self.region
                return Place(arn_part(arn, 1), arn_part(arn, 4) or self.draft.account, region)
        given = step.new.inputs.get("region") if step.new else None
        region = given if isinstance(given, str) and not is_open(given) else ""
        if step.provider and step.provider not in self.provider_regions:
            self.draft.say(
                f"the provider {step.provider} is not in the preview: what it makes is taken to be in"
                f" {self.draft.account}"
            )
        region = region or self.provider_regions.get(step.provider, "") or self.region
        return Place(self.draft.partition, self.draft.account, region)

    def identity(self, step: Step) -> Identity | None:
        """What a step's resource is called, foreseen where it is new."""
        return self.references.identity(step.urn)


Apply = Callable[[Plan, Step, State], None]


@dataclass(frozen=True)
class Handler:
    """How one type of resource changes a snapshot.

    `first` says that others refer to it, so that it is made before them. `identify` says what it is called;
    what nothing refers to needs none.
    """

    make: Apply
    remove: Apply
    first: bool = False
    identify: Callable[[Plan, Step, State], Identity] | None = None
