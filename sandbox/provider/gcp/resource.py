"""What Google Cloud's types have in common: paths, labels, what the cloud fills in, deletion policies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Final

from sandbox.provider.errors import ProviderError
from sandbox.provider.gcp.cloud import GoogleCloud, GoogleFailure
from sandbox.provider.handler import Created, Properties, ResourceType
from sandbox.provider.values import UNKNOWN, has_unknown, present, same

# In `filled`: the cloud makes up the value, so that whatever it says is no difference.
ANYTHING: Final = object()
# What every type with a `deletionPolicy` has by default.
DELETION: Final = {"deletionPolicy": "DELETE"}
CONFLICT = 409


class GoogleType(ResourceType[GoogleCloud]):
    """A type of Google Cloud.

    Google's JSON leaves out what is empty or false, so an absent value and an empty one are the same here.
    """

    regional = False
    filled: ClassVar[Mapping[str, Any]] = {}
    """Paths of values that the cloud fills in where the program says nothing, and what with."""

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Equality of what is not empty, without what the cloud fills in and only one side has."""
        if has_unknown(old) or has_unknown(new):
            return False
        before, after = {name: deepcopy(old)}, {name: deepcopy(new)}
        for path, value in self.filled.items():
            if path.split(".")[0] == name:
                _take_out(before, {name: new}, path.split("."), value)
                if value is not ANYTHING:  # what the program asks for is a change where the cloud has none
                    _take_out(after, {name: old}, path.split("."), value)
        return super().same(name, not_empty(before.get(name)), not_empty(after.get(name)))

    def as_inputs(self, found: Properties, known: Properties) -> dict[str, Any]:
        """What was read, without what the cloud filled in and nobody asked for; all of it for an import."""
        inputs = deepcopy(dict(found))
        for path, value in self.filled.items() if known else ():
            _take_out(inputs, known, path.split("."), value)
        return inputs

    def whole(self) -> frozenset[str]:
        """Those that the cloud fills in."""
        return frozenset(path.partition(".")[0] for path in self.filled)

    def previewed(self, inputs: Properties) -> dict[str, Any]:
        """The inputs with UNKNOWN where the cloud will make something up."""
        shown = deepcopy(dict(inputs))
        for path, value in self.filled.items():
            if value is ANYTHING:
                _hide(shown, path.split("."))
        return shown

    def project(self, cloud: GoogleCloud, known: Properties) -> str:
        """The resource's project, or the provider's."""
        return str(known.get("project") or cloud.project)


class RestType(GoogleType):
    """A type with a path of its own, made by POST, read by GET, changed by PATCH with a mask, gone by DELETE.

    The id is the path, as with the real provider: `projects/P/secrets/ID`.
    """

    path: ClassVar[str]
    """`projects/{project}/secrets/{secretId}`; the names are properties."""
    id_query: ClassVar[str] = ""
    """The parameter of the creating request that the last part of the path goes into."""
    fields: ClassVar[Sequence[str]] = ()
    """Properties that the body has under the same name."""
    label_fields: ClassVar[Mapping[str, str]] = {}
    """Mappings of which the program manages only its own keys -> the output that shows all of them."""
    operations: ClassVar[bool] = False
    """Creating, changing and deleting answer with a long-running operation."""

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """POST to the collection."""
        path = self.path_of(cloud, new)
        try:
            path = self.make(cloud, new, path)
        except GoogleFailure as failure:
            if failure.code == CONFLICT:
                self.explain_conflict(cloud, path)
            raise
        found = cloud.call(self.service, "GET", path)
        return Created(path, self.shown(cloud, found, new))

    def make(self, cloud: GoogleCloud, new: Properties, path: str) -> str:
        """The creating request. Returns the path of what was made."""
        collection, _, name = path.rpartition("/")
        query = {self.id_query: name} if self.id_query else {}
        answer = cloud.call(self.service, "POST", collection, self.creation(cloud, new, path), query)
        if self.operations:
            cloud.finished(self.service, answer)
        return path

    def read(self, cloud: GoogleCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GET; what waits for its end counts as gone."""
        names = self.names_of(id_)
        found = cloud.call(self.service, "GET", id_)
        if found.get("state") == "DELETED" or found.get("deleted") is True:
            return None
        return {**names, **self.properties_of(found, known), **self.shown(cloud, found, known)}

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """PATCH with a mask of what changed."""
        mask = sorted(set(self.fields) & changed)
        if mask:
            self.patch(cloud, id_, old, new, mask)
        return self.shown(cloud, cloud.call(self.service, "GET", id_), new)

    def patch(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, mask: Sequence[str]
    ) -> None:
        """Change these fields; of labels and annotations only the program's own keys."""
        body = {name: value for name, value in self.body(cloud, new).items() if name in mask}
        own = [name for name in mask if name in self.label_fields]
        if own:
            now = cloud.call(self.service, "GET", id_)
            for name in own:
                gone = set(old.get(name) or {}) - set(new.get(name) or {})
                kept = {key: text for key, text in (now.get(name) or {}).items() if key not in gone}
                body[name] = {**kept, **(new.get(name) or {})}
        self.send_patch(cloud, id_, body, mask)

    def send_patch(self, cloud: GoogleCloud, id_: str, body: dict[str, Any], mask: Sequence[str]) -> None:
        """The changing request."""
        answer = cloud.call(self.service, "PATCH", id_, body, {"updateMask": ",".join(mask)})
        if self.operations:
            cloud.finished(self.service, answer)

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """DELETE, unless the deletion policy says otherwise."""
        if keeps(self, id_, known):
            return
        try:
            answer = cloud.call(self.service, "DELETE", id_)
        except GoogleFailure:
            # What was deleted before and can be restored is refused another time.
            if self.recoverable and self.read(cloud, id_, known) is None:
                return
            raise
        if self.operations:
            cloud.finished(self.service, answer)

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By name."""
        return self.path_of(cloud, new)

    def creation(self, cloud: GoogleCloud, new: Properties, path: str) -> dict[str, Any]:
        """The body of the creating request."""
        body = self.body(cloud, new)
        if "labels" in self.label_fields:
            labels = {**cloud.default_labels, **(new.get("labels") or {})}
            body = {**body, **present(labels=labels or None)}
        return body

    def body(self, cloud: GoogleCloud, new: Properties) -> dict[str, Any]:
        """The properties as the API takes them."""
        return {name: new[name] for name in self.fields if new.get(name) is not None}

    def properties_of(self, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """The inputs as the API has them; of labels and annotations those that the program has."""
        inputs = {name: found.get(name) for name in self.fields}
        for name in self.label_fields:
            every = found.get(name) or {}
            wanted = known.get(name) or {} if known else without_attribution(every)
            inputs[name] = {key: text for key, text in every.items() if key in wanted}
            inputs[name] = inputs[name] or None
        for path_, keys in self.nested.items():
            inputs = _only(inputs, path_.split("."), keys)
        return present(**inputs)

    def shown(self, cloud: GoogleCloud, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """The outputs that are not inputs."""
        outputs: dict[str, Any] = {}
        if "project" in self.optional:
            outputs["project"] = self.project(cloud, known)
        for name, every_output in self.label_fields.items():
            every = found.get(name) or {}
            outputs[every_output] = every
            if name == "labels":
                own = {**cloud.default_labels, **(known.get("labels") or {})}
                outputs["pulumiLabels"] = {key: text for key, text in every.items() if key in own}
        outputs.update({name: found.get(name) for name in self.computed if name not in outputs})
        # Of what the cloud fills in the program sees everything.
        if self.filled:
            every_one = self.properties_of(found, known)
            outputs.update({name: every_one.get(name) for name in self.whole()})
        return {name: value for name, value in outputs.items() if value is not None}

    def path_of(self, cloud: GoogleCloud, new: Properties) -> str:
        """The resource's path."""
        return self.path.format(**{**new, "project": self.project(cloud, new)})

    def names_of(self, id_: str) -> dict[str, str]:
        """The properties that the path holds. Raises: ProviderError for an id of another form."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        match = re.fullmatch(pattern, id_)
        if match is None:
            raise ProviderError(f"the id `{id_}` is not of the form {self.path}")
        return match.groupdict()

    def explain_conflict(self, cloud: GoogleCloud, path: str) -> None:
        """Say more about a name that is taken. Raises: AlreadyExists, where there is more to say."""


def keeps(handler: GoogleType, id_: str, known: Properties) -> bool:
    """Whether the deletion policy leaves it in the cloud. Raises: ProviderError where it forbids deleting."""
    policy = known.get("deletionPolicy") or "DELETE"
    if policy == "PREVENT":
        raise ProviderError(
            f"the deletionPolicy of {id_} is PREVENT", "set it to DELETE in the program, run up, then delete"
        )
    if policy not in ("DELETE", "ABANDON"):
        raise ProviderError(f"the sandbox does not know the deletionPolicy `{policy}` of {handler.kind}")
    return bool(policy == "ABANDON")


def not_empty(value: Any) -> Any:
    """The value without what Google's JSON leaves out; None when nothing is left."""
    if isinstance(value, Mapping):
        kept = {key: not_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None} or None
    if isinstance(value, list):
        return [not_empty(item) for item in value] or None
    return None if value is False or value == "" else value


def without_attribution(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels without the one that the provider itself puts everywhere."""
    return {key: text for key, text in labels.items() if not key.startswith("goog-")}


def last_part(value: Any) -> Any:
    """`projects/P/secrets/ID` -> `ID`."""
    return value.rsplit("/", 1)[-1] if isinstance(value, str) else value


def same_reference(old: Any, new: Any) -> bool:
    """Whether two names of a resource mean the same, one of them perhaps by its path."""
    if not isinstance(old, str) or not isinstance(new, str) or ("/" in old and "/" in new):
        return same(old, new)
    return bool(last_part(old) == last_part(new))


def _take_out(found: Any, known: Any, path: list[str], value: Any) -> None:
    if isinstance(found, list):
        for position, item in enumerate(found):
            matching = isinstance(known, list) and position < len(known)
            _take_out(item, known[position] if matching else {}, path, value)
        return
    if not isinstance(found, dict):
        return
    first, rest = path[0], path[1:]
    inner = known.get(first) if isinstance(known, Mapping) else None
    if rest:
        _take_out(found.get(first), inner, rest, value)
    elif inner is None and first in found and (value is ANYTHING or found[first] == value):
        del found[first]


def _only(value: Any, path: list[str], keys: Sequence[str]) -> Any:
    """The value with nothing but these keys in the dictionaries at a path."""
    if isinstance(value, list):
        return [_only(item, path, keys) for item in value]
    if not isinstance(value, Mapping):
        return value
    if not path:
        return {key: item for key, item in value.items() if key in keys}
    return {key: _only(item, path[1:], keys) if key == path[0] else item for key, item in value.items()}


def _hide(shown: Any, path: list[str]) -> None:
    if isinstance(shown, list):
        for item in shown:
            _hide(item, path)
    elif isinstance(shown, dict):
        if len(path) == 1:
            shown.setdefault(path[0], UNKNOWN)
        else:
            _hide(shown.get(path[0]), path[1:])
