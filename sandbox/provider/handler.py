"""What every resource type says about itself, and the four calls that it makes.

A handler is a few lines of its cloud's SDK; everything that types have in common (required and unknown
properties, automatic names, default tags, comparing, previews) is done once, by `provider.Provider`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from sandbox.provider.cloud import Cloud
from sandbox.provider.errors import ProviderError
from sandbox.provider.values import same, same_document, same_set

Properties = Mapping[str, Any]
AnyCloud = TypeVar("AnyCloud", contravariant=True)


@dataclass(frozen=True)
class Created:
    """What a creation answered: the resource's id and the outputs that are not inputs."""

    id: str
    computed: dict[str, Any] = field(default_factory=dict)


class ResourceType(ABC, Generic[AnyCloud]):
    """One resource type of some cloud. Property names are Pulumi's: camelCase, as they travel.

    Subclasses declare what they understand; a property that is in neither list is refused by name.
    """

    kind: ClassVar[str]
    """The Pulumi type token."""
    service: ClassVar[str]
    required: ClassVar[Sequence[str]] = ()
    optional: ClassVar[Sequence[str]] = ()
    fixed: ClassVar[Sequence[str]] = ()
    """A change of one of these makes a new resource, as with the real provider."""
    computed: ClassVar[Sequence[str]] = ()
    """Outputs that are not inputs."""
    kept: ClassVar[Sequence[str]] = ()
    """Optional inputs that keep what the cloud has when the program says nothing about them."""
    local: ClassVar[Sequence[str]] = ()
    """Inputs that steer the provider and that the cloud does not know, a recovery window for instance."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    documents: ClassVar[Sequence[str]] = ()
    """Properties that are JSON text, compared by what they say."""
    unordered: ClassVar[Sequence[str]] = ()
    """Lists whose order means nothing."""
    nested: ClassVar[Mapping[str, Sequence[str]]] = {}
    """For a property that is a dictionary or a list of them: the keys that are understood."""
    identity: ClassVar[Sequence[str]] = ("name",)
    """The inputs that two resources cannot share: while they stay, the old one goes before the new one."""
    name_property: ClassVar[str] = "name"
    """What an automatic name is given to; `...Prefix` beside it sets how that begins."""
    name_start: ClassVar[str] = ""
    """What every name of this type begins with."""
    name_length: ClassVar[int] = 0
    """The longest automatic name; 0 for types that get none."""
    masked: ClassVar[Sequence[str]] = ()
    """Outputs that the SDK itself hides from view, without a secret in them."""
    regional: ClassVar[bool] = True
    recoverable: ClassVar[bool] = False
    """Deleting it leaves it restorable for a while."""

    @classmethod
    def properties(cls) -> frozenset[str]:
        """Every input that is understood."""
        region = ("region",) if cls.regional else ()
        return frozenset((*cls.required, *cls.optional, *region))

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Whether two values of one property mean the same."""
        if name in self.documents:
            return same_document(old, new)
        if name in self.unordered:
            return same_set(old, new)
        return same(old, new)

    def as_inputs(self, found: Properties, known: Properties) -> dict[str, Any]:
        """What was read, as the program would have written it. Args: known: the last known inputs."""
        return dict(found)

    def whole(self) -> frozenset[str]:
        """Properties of which the program sees more than it wrote."""
        return frozenset()

    def previewed(self, inputs: Properties) -> dict[str, Any]:
        """What a preview of the creation shows of the inputs."""
        return dict(inputs)

    @abstractmethod
    def create(self, cloud: AnyCloud, new: Properties) -> Created:
        """Make the resource, with the one call after which it exists."""

    def complete(self, cloud: AnyCloud, id_: str, new: Properties) -> None:
        """Set what the creating call cannot set. When this fails, the resource exists all the same."""

    @abstractmethod
    def read(self, cloud: AnyCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """Inputs and outputs as the cloud has them, or None when the resource does not exist.

        Args: known: the last known inputs; empty for an import.
        """

    @abstractmethod
    def update(
        self, cloud: AnyCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Change the resource in place; return the outputs that changed with it."""

    @abstractmethod
    def delete(self, cloud: AnyCloud, id_: str, known: Properties) -> None:
        """Delete the resource. One that is gone raises the cloud's own not-found error."""

    @abstractmethod
    def find(self, cloud: AnyCloud, new: Properties) -> str | None:
        """The id that a resource with these inputs would have, to find one whose creation was cut short."""


class Handler(ResourceType[Cloud]):
    """A type of AWS: a few lines of boto3."""

    def aws(self, cloud: Cloud, properties: Properties) -> Any:
        """This type's client, in the resource's region."""
        return cloud.client(self.service, properties.get("region"))


def id_parts(id_: str, separator: str, form: str, *, last: bool = False) -> tuple[str, str]:
    """The two parts of an id. Args: form: how it has to look; last: split at the last separator.

    Raises: ProviderError for one that looks different, as an import by hand may give.
    """
    before, found, after = id_.rpartition(separator) if last else id_.partition(separator)
    if not (before and found and after):
        raise ProviderError(f"the id `{id_}` is not of the form {form}")
    return before, after


def error_code(error: BaseException) -> str:
    """The AWS error code of a botocore ClientError, or an empty text."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


# The codes by which the services of this provider say that something does not exist.
NOT_FOUND_CODES = frozenset(
    {"NoSuchEntity", "NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException"}
)


def is_missing(error: BaseException) -> bool:
    """Whether the error says that the thing does not exist."""
    return error_code(error) in NOT_FOUND_CODES


def tag_list(tags: Mapping[str, str] | None, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as most services take them."""
    return [{key: name, value: text} for name, text in sorted((tags or {}).items())]


def tag_map(
    tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value"
) -> dict[str, str]:
    """Tags as a program writes them."""
    return {tag[key]: tag[value] for tag in tags or ()}


def tag_outputs(tags: Mapping[str, str]) -> dict[str, Any]:
    """The two properties that tags appear in."""
    return {"tags": dict(tags), "tagsAll": dict(tags)}


def tag_changes(old: Properties, new: Properties) -> tuple[list[str], dict[str, str]]:
    """The keys to remove and the tags to set, from `tagsAll` of two sets of inputs."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    removed = sorted(set(before) - set(after))
    return removed, {name: text for name, text in after.items() if before.get(name) != text}


def change_tags(
    old: Properties, new: Properties, untag: Callable[..., Any], tag: Callable[..., Any], **resource: str
) -> None:
    """Bring a resource's tags up to date through the two calls that most services have.

    Args: resource: the one parameter by which both calls name it, as in `RoleName=…`.
    """
    removed, added = tag_changes(old, new)
    if removed:
        untag(**resource, TagKeys=removed)
    if added:
        tag(**resource, Tags=tag_list(added))


def document_text(document: Any) -> str:
    """A policy document as JSON text, whether the SDK has decoded it or not."""
    return document if isinstance(document, str) else json.dumps(document, sort_keys=True)
