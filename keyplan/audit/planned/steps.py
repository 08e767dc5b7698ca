"""What `pulumi preview --json` prints, read into steps: what is made, changed and removed, with its inputs.

Source: pulumi/pulumi v3.259.0, pkg/display (PreviewDigest, PreviewStep), pkg/backend/display/json.go (what of
a resource is shown: secrets as `[secret]`), sdk/go/common/apitype (ResourceV3), and previews that this engine
printed; checked 2026-11-22. A resource that stays as it is has no step there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyplan.errors import UsageError

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # stands for text that only the update will know
HIDDEN = "[secret]"  # stands for what Pulumi keeps secret
_SIGNATURE = "4dabf18193072939515e22adb298388d"  # the key of an object that stands for something else
MAKING = frozenset({"create", "create-replacement", "update", "replace", "import", "import-replacement"})
REMOVING = frozenset({"delete", "delete-replaced", "replace"})


@dataclass(frozen=True)
class State:
    """A resource before or after a step; what is new has no outputs yet, and what is adopted has its id."""

    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    depends: Mapping[str, tuple[str, ...]]  # by input, the URNs of the resources whose outputs are in it
    retained: bool  # whether it stays in the cloud when it leaves the stack


@dataclass(frozen=True)
class Step:
    """One planned step of one resource."""

    op: str
    urn: str
    kind: str  # `aws:iam/role:Role`
    provider: str  # the name of its provider; empty for the default one
    old: State | None
    new: State | None
    reasons: frozenset[str]  # inputs that differ, by the engine

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def label(self) -> str:
        """How to name it to a person: `aws:iam Role dev-reader`."""
        module, _, type_name = self.kind.rpartition(":")
        return f"{module.partition('/')[0]} {type_name} {self.name}"

    def changes(self, name: str) -> bool:
        """Whether the step sets an input anew; what is created has all of them set."""
        if self.old is None or self.op != "update":
            return True
        now = self.new.inputs.get(name) if self.new else None
        return name in self.reasons or self.old.inputs.get(name) != now


def read_preview(document: object) -> tuple[Step, ...]:
    """The steps of a preview.

    Raises:
        UsageError: it is no preview, or one that failed and is therefore not whole.
    """
    if not isinstance(document, Mapping) or not {"steps", "changeSummary", "diagnostics"} & document.keys():
        raise UsageError(
            "this is not what `pulumi preview --json` prints: it has no steps", "pulumi preview --json > FILE"
        )
    diagnostics = document.get("diagnostics")
    if any(
        isinstance(each, Mapping) and each.get("severity") == "error"
        for each in (diagnostics if isinstance(diagnostics, list) else ())
    ):
        raise UsageError("the preview failed, so its steps are not all: run it again once it passes")
    steps = document.get("steps")
    if steps is not None and not isinstance(steps, list):
        raise UsageError("the preview's `steps` are not a list")
    return tuple(_steps(steps or ()))


def _steps(listed: Sequence[object]) -> Iterator[Step]:
    for number, each in enumerate(listed):
        urn = each.get("urn") if isinstance(each, Mapping) else None
        if not isinstance(each, Mapping) or not isinstance(urn, str) or not isinstance(each.get("op"), str):
            raise UsageError(f"the preview's step {number + 1} has no operation or no URN")
        reasons = [*_texts(each.get("diffReasons")), *_texts(each.get("replaceReasons"))]
        detailed = each.get("detailedDiff")
        reasons += [_top(path) for path in detailed] if isinstance(detailed, Mapping) else []
        yield Step(
            op=each["op"],
            urn=urn,
            kind=kind_of(urn),
            provider=_provider(each.get("provider")),
            old=_state(each.get("oldState")),
            new=_state(each.get("newState")),
            reasons=frozenset(reasons),
        )


def kind_of(urn: str) -> str:
    """The type of a URN's resource, without those of its parents."""
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 3 else ""


def _provider(reference: object) -> str:
    """`urn:…::pulumi:providers:aws::NAME::ID`; default providers are named by the engine."""
    parts = reference.split("::") if isinstance(reference, str) else []
    name = parts[-2] if len(parts) > 2 else ""
    return "" if name == "default" or name.startswith("default_") else name


def _state(value: object) -> State | None:
    if not isinstance(value, Mapping):
        return None
    depends = value.get("propertyDependencies")
    return State(
        id=next((value[name] for name in ("id", "importID") if isinstance(value.get(name), str)), ""),
        inputs=_plain_fields(value.get("inputs")),
        outputs=_plain_fields(value.get("outputs")),
        depends={
            str(name): tuple(_texts(urns))
            for name, urns in (depends.items() if isinstance(depends, Mapping) else ())
        },
        retained=value.get("retainOnDelete") is True,
    )


def _plain_fields(value: object) -> Mapping[str, Any]:
    found = _plain(value)
    return found if isinstance(found, dict) else {}


def _plain(value: object) -> Any:
    """Values with what only stands for something hidden told alike."""
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return HIDDEN
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _top(path: str) -> str:
    """`tags.team`, `tags["a.b"]`, `inlinePolicies[0].policy` -> the input's name."""
    return path.partition(".")[0].partition("[")[0]
