"""The one provider: check, diff, create, read, update, delete and invoke over the handlers.

Plain dictionaries in and out, with camelCase keys; UNKNOWN stands for what a preview does not know. It
knows nothing of the engine, of state or of gRPC, so that the small engine here and a servicer for the
real one can both call it. Secrets are unwrapped or refused before they get here. It serves every cloud that
it is configured for; the first part of a token says which one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sandbox.provider.errors import MissingError, PartlyCreated, ProviderError
from sandbox.provider.handler import ResourceType
from sandbox.provider.invokes import INVOKES
from sandbox.provider.packages import AWS, PACKAGES, package_of
from sandbox.provider.values import UNKNOWN, has_unknown, without

# Where check() notes which inputs it filled in; the mark travels with the inputs, as in the real providers.
DEFAULTS_KEY = "__defaults"
RANDOM_BYTES = 4
# Properties that are made from others: all tags from tags and back, all labels from labels, an automatic
# name from its prefix.
MADE_FROM = (
    ("tags", "tagsAll"),
    ("tagsAll", "tags"),
    ("labels", "effectiveLabels"),
    ("labels", "pulumiLabels"),
    ("annotations", "effectiveAnnotations"),
    ("namePrefix", "name"),
    ("statementIdPrefix", "statementId"),
)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Checked:
    """Inputs with defaults filled in, or why they cannot be used."""

    inputs: dict[str, Any]
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Difference:
    """Which properties changed, which of them need a new resource, and which one has to go first."""

    changed: frozenset[str]
    replaces: frozenset[str]
    delete_before_replace: bool = False
    """The new one would have the old one's name."""
    named_anew: bool = False
    """The name is automatic, so that a check without old inputs gives the new one another name."""


@dataclass(frozen=True)
class State:
    """A resource as it is: its id, its inputs and everything it shows."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class Provider:
    """One configured provider. Safe to call from many threads."""

    def __init__(self) -> None:
        self._clouds: dict[str, Any] = {}

    def configure(self, settings: Mapping[str, Any], package: str = AWS) -> None:
        """Take one cloud's settings: where it is, where its services are, what every resource gets.

        Raises: ProviderError naming the setting.
        """
        self._clouds[package] = PACKAGES[package].connect(settings)

    @property
    def cloud(self) -> Any:
        """The configured AWS cloud."""
        return self.cloud_of(AWS)

    def cloud_of(self, package: str) -> Any:
        """A configured cloud. Raises: ProviderError when there is none."""
        if package not in self._clouds:
            raise ProviderError(
                f"the provider is not configured for {package}",
                f"the stack's configuration has no setting of {package}",
            )
        return self._clouds[package]

    def check(
        self,
        token: str,
        name: str,
        new: Mapping[str, Any],
        old: Mapping[str, Any] | None = None,
        seed: bytes = b"",
    ) -> Checked:
        """Fill in defaults, automatic name and all tags, and list what cannot be used.

        Args:
            name: the resource's name in the program, which automatic names begin with.
            old: the inputs of the last run; an automatic name is kept from them.
            seed: what automatic names are made from, so that a preview and its update give the same one.
        """
        handler = _known_handler(token)
        if handler is None:
            return Checked({}, [f"the sandbox does not know {token}"])
        given = {key: value for key, value in new.items() if value is not None and key != DEFAULTS_KEY}
        failures = _unusable(handler, given)
        inputs = {**handler.defaults, **given}
        filled = sorted(set(handler.defaults) - set(given))
        if handler.name_length and handler.name_property not in inputs:
            inputs[handler.name_property] = _automatic_name(handler, name, given, old or {}, seed)
            filled.append(handler.name_property)
        if "tags" in handler.properties():
            tags = given.get("tags")
            inputs["tagsAll"] = tags if tags is UNKNOWN else {**self.cloud.default_tags, **(tags or {})}
        inputs[DEFAULTS_KEY] = filled
        return Checked(inputs, failures)

    def diff(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
        """Compare checked inputs; a property that the cloud keeps by itself and is not given is no change."""
        handler = _handler(token)
        names = (set(old) | set(new)) - {DEFAULTS_KEY}
        changed = frozenset(
            name
            for name in names
            if not (name in handler.kept and name not in new)
            and not handler.same(name, old.get(name), new.get(name))
        )
        fixed = frozenset((*handler.fixed, "region")) if handler.regional else frozenset(handler.fixed)
        stays = bool(handler.identity) and all(
            handler.same(name, old.get(name), new.get(name)) for name in handler.identity
        )
        automatic = handler.name_property in handler.identity and handler.name_property in new.get(
            DEFAULTS_KEY, ()
        )
        return Difference(changed, changed & fixed, stays, automatic)

    def create(self, token: str, inputs: Mapping[str, Any], preview: bool = False) -> State:
        """Make the resource; in a preview make nothing and say UNKNOWN for what only AWS can say."""
        handler = _handler(token)
        plain = without(inputs, (DEFAULTS_KEY,))
        if preview:
            return State(
                "", dict(inputs), {**dict.fromkeys(handler.computed, UNKNOWN), **handler.previewed(plain)}
            )
        _refuse_unknown(plain)
        cloud = self.cloud_of(package_of(token))
        created = self._call("create", token, lambda: handler.create(cloud, plain))
        state = State(created.id, dict(inputs), {**plain, **created.computed})
        try:
            self._call("complete", token, lambda: handler.complete(cloud, created.id, plain))
        except ProviderError as error:
            raise PartlyCreated(error.message, error.hint, state) from None
        return state

    def read(self, token: str, id_: str, inputs: Mapping[str, Any] | None = None) -> State | None:
        """The resource as the cloud has it, None when it is gone.

        Args: inputs: the last known ones, nothing for an import.
        """
        handler = _handler(token)
        cloud = self.cloud_of(package_of(token))
        known = without(inputs or {}, (DEFAULTS_KEY,))
        try:
            found = self._call("read", token, lambda: handler.read(cloud, id_, known))
        except MissingError:
            return None
        if found is None:
            return None
        if "tagsAll" in found:
            found = {**found, **_own_tags(found["tagsAll"], self.cloud.default_tags, known)}
        # What only the program knows: what steers the provider, where to look, how a name was to begin.
        unread = (*handler.local, "region", f"{handler.name_property}Prefix")
        local = {key: known.get(key, handler.defaults.get(key)) for key in unread}
        found = {**local, **found}
        inputs_found = _as_known(handler, known, handler.as_inputs(found, known))
        found = _as_known(handler, without(known, handler.whole()), found)
        understood = handler.properties() | {"tagsAll"}
        # What the cloud keeps by itself becomes an input only where nothing else says what the inputs are.
        unasked = set(handler.kept) - set(known) if known else set()
        read_inputs = {key: value for key, value in inputs_found.items() if key in understood - unasked}
        return State(id_, {**read_inputs, DEFAULTS_KEY: []}, without(found, unasked - set(handler.computed)))

    def update(
        self,
        token: str,
        id_: str,
        old: State,
        new: Mapping[str, Any],
        changed: frozenset[str],
        preview: bool = False,
    ) -> State:
        """Change the resource in place."""
        handler = _handler(token)
        plain = without(new, (DEFAULTS_KEY,))
        lasting = {*handler.computed, *(name for name in handler.kept if name not in plain)}
        outputs = {key: value for key, value in old.outputs.items() if key in lasting}
        if preview:
            shown = _as_before(handler.previewed(plain), plain, old.outputs)
            return State(id_, dict(new), {**outputs, **shown})
        _refuse_unknown(plain)
        cloud = self.cloud_of(package_of(token))
        before = without(old.inputs, (DEFAULTS_KEY,))
        answer = self._call("update", token, lambda: handler.update(cloud, id_, before, plain, changed))
        return State(id_, dict(new), {**outputs, **plain, **answer})

    def delete(self, token: str, id_: str, known: Mapping[str, Any]) -> None:
        """Delete the resource; one that is gone already is no error."""
        handler = _handler(token)
        cloud = self.cloud_of(package_of(token))
        plain = without(known, (DEFAULTS_KEY,))
        try:
            self._call("delete", token, lambda: handler.delete(cloud, id_, plain))
        except MissingError:
            return

    def find(self, token: str, inputs: Mapping[str, Any]) -> State | None:
        """A resource that an interrupted creation left behind, or None."""
        handler = _handler(token)
        cloud = self.cloud_of(package_of(token))
        plain = without(inputs, (DEFAULTS_KEY,))
        try:
            id_ = self._call("read", token, lambda: handler.find(cloud, plain))
        except MissingError:
            return None
        return self.read(token, id_, inputs) if id_ else None

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a function that reads something.

        Raises: MissingError for what does not exist, ProviderError for a function that is not known.
        """
        function = INVOKES.get(token)
        if function is None:
            raise ProviderError(f"the sandbox does not know the function {token}")
        cloud = self.cloud_of(package_of(token))
        return self._call("invoke", token, lambda: function(cloud, arguments))

    def _call(self, operation: str, token: str, action: Callable[[], Answer]) -> Answer:
        """Run an operation; the cloud's errors become ours, by code and without their text."""
        package = PACKAGES[package_of(token)]
        try:
            with package.turn:
                return action()
        except ProviderError:
            raise
        except Exception as error:
            explained = package.explain(operation, error)
            if explained is None:
                raise
            raise explained from None


def _as_before(shown: Any, given: Any, old: Any) -> Any:
    """What a preview shows of a change: what the cloud once made up inside an input stays as it was.

    Args: given: the inputs, whose own unknowns stay unknown.
    """
    if isinstance(shown, Mapping) and isinstance(given, Mapping) and isinstance(old, Mapping):
        return {
            key: _as_before(value, given[key], old.get(key)) if key in given else old[key]
            for key, value in shown.items()
            if key in given or key in old
        }
    if isinstance(shown, list) and isinstance(given, list) and isinstance(old, list):
        pairs = zip(shown, given, old, strict=False)
        return [_as_before(*each) for each in pairs] if len(shown) == len(old) else shown
    return shown


def configured(settings: Mapping[str, Mapping[str, Any]]) -> Provider:
    """A provider of one cloud or of several. Args: settings: by the cloud's name. Raises: ProviderError."""
    provider = Provider()
    for package, given in settings.items():
        provider.configure(given, package)
    return provider


def known(token: str) -> bool:
    """Whether there is a handler for this type."""
    return _known_handler(token) is not None


def recoverable(token: str) -> bool:
    """Whether a deleted resource of this type can be restored for a while."""
    handler = _known_handler(token)
    return handler is not None and handler.recoverable


def masked_outputs(token: str) -> frozenset[str]:
    """The outputs of a type that the SDK always asks to hide; there is no secret in them."""
    handler = _known_handler(token)
    return frozenset(handler.masked) if handler else frozenset()


def fixed_properties(token: str) -> frozenset[str]:
    """The properties of a type whose change makes a new resource."""
    handler = _known_handler(token)
    return frozenset(handler.fixed) if handler else frozenset()


def showing(names: Iterable[str]) -> frozenset[str]:
    """The properties of these names and those that are made from them, so that show what they hold."""
    shown = set(names)
    for source, made in MADE_FROM:
        if source in shown:
            shown.add(made)
    return frozenset(shown)


def _own_tags(
    every: Mapping[str, str], default: Mapping[str, str], known: Mapping[str, Any]
) -> dict[str, Any]:
    """The property `tags`: all tags but the provider's own, which it may repeat; absent when empty."""
    written = known.get("tags")
    repeated = written if isinstance(written, Mapping) else {}
    tags = {key: text for key, text in every.items() if key in repeated or default.get(key) != text}
    return {"tags": tags if tags or written is not None else None}


def _as_known(
    handler: ResourceType[Any], known: Mapping[str, Any], found: Mapping[str, Any]
) -> dict[str, Any]:
    """What was read, in the form that is known where it means the same: a refresh changes no spelling."""
    same = {name: value for name, value in known.items() if handler.same(name, value, found.get(name))}
    return {name: value for name, value in {**found, **same}.items() if value is not None}


def _known_handler(token: str) -> ResourceType[Any] | None:
    package = PACKAGES.get(package_of(token))
    return package.handlers.get(token) if package else None


def _handler(token: str) -> ResourceType[Any]:
    handler = _known_handler(token)
    if handler is None:
        raise ProviderError(f"the sandbox does not know {token}")
    return handler


def _refuse_unknown(inputs: Mapping[str, Any]) -> None:
    for name, value in inputs.items():
        if has_unknown(value):
            raise ProviderError(f"the value of `{name}` is not known")


def _unusable(handler: ResourceType[Any], given: Mapping[str, Any]) -> list[str]:
    """Properties that are unknown to the handler, and those that are missing."""
    allowed = handler.properties() | {"tagsAll"}
    failures = [
        f"the sandbox does not know the property `{name}` of {handler.kind}"
        for name in sorted(given)
        if name not in allowed
    ]
    for path, keys in handler.nested.items():
        failures += [
            f"the sandbox does not know the property `{path}.{key}` of {handler.kind}"
            for key in sorted(_keys_at(given, path.split(".")) - set(keys))
        ]
    failures += [
        f"the property `{name}` of {handler.kind} is required"
        for name in handler.required
        if name not in given
    ]
    return failures


def _keys_at(value: Any, path: list[str]) -> set[str]:
    """The keys of the dictionaries at a path, through lists."""
    if isinstance(value, list):
        return {key for item in value for key in _keys_at(item, path)}
    if not isinstance(value, Mapping):
        return set()
    if not path:
        return set(value)
    return _keys_at(value.get(path[0]), path[1:])


def _automatic_name(
    handler: ResourceType[Any], name: str, given: Mapping[str, Any], old: Mapping[str, Any], seed: bytes
) -> str | Any:
    prefix = given.get(f"{handler.name_property}Prefix")
    if prefix is UNKNOWN:
        return UNKNOWN
    previous = old.get(handler.name_property)
    automatic = handler.name_property in old.get(DEFAULTS_KEY, ())
    if previous and automatic and old.get(f"{handler.name_property}Prefix") == prefix:
        return previous
    start = prefix if prefix is not None else f"{name}-"
    suffix = (hashlib.sha256(seed).digest() if seed else secrets.token_bytes(RANDOM_BYTES))[
        :RANDOM_BYTES
    ].hex()
    if not start.startswith(handler.name_start):
        start = f"{handler.name_start}{start}"
    return f"{start[: handler.name_length - len(suffix)]}{suffix}"
