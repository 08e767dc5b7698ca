"""A cloud provider's plugin: Pulumi's ResourceProvider protocol over the sandbox's own provider.

Translates, and decides nothing: what a resource is and does stands in `sandbox.provider`. Secrets are taken
off on the way in and put back on the way out, by property.
Source: pulumi/proto/pulumi/provider.proto (v3.259.0, checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins.failures import refuse, refuse_partly, refuse_with
from sandbox.property_paths import without_ignored
from sandbox.provider import Difference, Provider, ProviderError, State
from sandbox.provider.errors import PartlyCreated
from sandbox.provider.provider import DEFAULTS_KEY, showing
from sandbox.urns import name_of, type_of
from sandbox.wire import decode, encode

Answer = TypeVar("Answer")
CANCELLED = "the update was cancelled"
TAGS, ALL_TAGS = "tags", "tagsAll"


class ProviderPlugin(provider_pb2_grpc.ResourceProviderServicer):
    """One configured provider, as the engine calls it."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._provider = Provider()
        self._cancelled = False

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - gRPC's names
        """Agree on the plainest form: secrets are marked, resources are ids, no output values."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The version of the SDK that this plugin was written for."""
        return plugin_pb2.PluginInfo(version=_sdk_version(self._package))

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """A schema without types: nothing is generated from it."""
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "{self._package}"}}')

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Every setting is checked when it is used, by Configure."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Settings change in place: no resource is made again because the emulator has another port."""
        old, _ = decode(request.old_inputs)
        new, _ = decode(request.news)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        return provider_pb2.DiffResponse(changes=_changes(changed), diffs=changed)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Take region, endpoints and default tags or labels."""
        self._answer(context, lambda: self._provider.configure(decode(request.args)[0], self._package))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Call a function; a failure is an error with its words, as the real provider's are."""
        return self._answer(context, lambda: self._invoke(request))

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Fill in what the program left out, and list what cannot be used."""
        return self._answer(context, lambda: self._check(request))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Say what changed, and whether that needs a new resource."""
        return self._answer(context, lambda: self._diff(request))

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Make the resource, or in a preview say what would be known of it."""
        return self._answer(context, lambda: self._create(request, context), changes=not request.preview)

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The resource as the cloud has it; no id when it is gone. An import comes without inputs."""
        return self._answer(context, lambda: self._read(request))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Change the resource in place."""
        return self._answer(context, lambda: self._update(request), changes=not request.preview)

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Delete the resource; one that is gone already is no error."""
        return self._answer(context, lambda: self._delete(request), changes=True)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Begin nothing more; what is under way ends by itself, within a request to the emulator."""
        self.cancel()
        return empty_pb2.Empty()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The engine's address is of no use here."""
        return empty_pb2.Empty()

    def cancel(self) -> None:
        """Begin no more changes."""
        self._cancelled = True

    def _invoke(self, request: Any) -> Any:
        answer = self._provider.invoke(request.tok, decode(request.args)[0])
        return provider_pb2.InvokeResponse(**{"return": encode(answer)})

    def _check(self, request: Any) -> Any:
        new, secret = decode(request.news)
        old, _ = decode(request.olds)
        token, name = type_of(request.urn), name_of(request.urn)
        checked = self._provider.check(token, name, new, old, request.randomSeed)
        return provider_pb2.CheckResponse(
            inputs=encode(checked.inputs, showing(secret)),
            failures=[provider_pb2.CheckFailure(reason=reason) for reason in checked.failures],
        )

    def _diff(self, request: Any) -> Any:
        old, _ = decode(request.old_inputs)
        new, _ = decode(request.news)
        difference = self._difference(request, old, new)
        changed = sorted(difference.changed)
        return provider_pb2.DiffResponse(
            changes=_changes(changed),
            diffs=changed,
            replaces=sorted(difference.replaces),
            # Before it makes another one, the engine checks without the old inputs: an automatic name is new.
            deleteBeforeReplace=difference.delete_before_replace and not difference.named_anew,
            hasDetailedDiff=True,
            detailedDiff={
                name: provider_pb2.PropertyDiff(
                    kind=_kind(name in old, name in new, name in difference.replaces), inputDiff=True
                )
                for name in changed
            },
        )

    def _create(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs, secret = decode(request.properties)
        secret = showing(secret)
        try:
            made = self._provider.create(type_of(request.urn), inputs, request.preview)
        except PartlyCreated as error:
            refuse_partly(context, error, error.state.id, encode(error.state.outputs, secret))
        return provider_pb2.CreateResponse(id=made.id, properties=encode(made.outputs, secret))

    def _read(self, request: Any) -> Any:
        inputs, secret = decode(request.inputs)
        _, secret_outputs = decode(request.properties)
        found = self._provider.read(type_of(request.urn), request.id, inputs)
        if found is None:
            return provider_pb2.ReadResponse()
        secret = showing(secret | secret_outputs)
        # The note which inputs the provider had filled in is nothing that the cloud knows.
        kept = {**found.inputs, DEFAULTS_KEY: inputs.get(DEFAULTS_KEY, [])}
        return provider_pb2.ReadResponse(
            id=found.id, inputs=encode(kept, secret), properties=encode(found.outputs, secret)
        )

    def _update(self, request: Any) -> Any:
        token = type_of(request.urn)
        outputs, secret_before = decode(request.olds)
        inputs, _ = decode(request.old_inputs)
        new, secret = decode(request.news)
        old = State(request.id, inputs, outputs)
        changed = self._difference(request, inputs, new).changed
        if not changed and not request.preview:
            # Then the engine asks because the creation could not be completed: what is missing only the
            # cloud knows.
            old = self._provider.read(token, request.id, inputs) or old
            changed = self._difference(request, old.inputs, new).changed
        made = self._provider.update(token, request.id, old, new, changed, request.preview)
        # What stays from before stays as secret as it was.
        secret = showing(secret) | (secret_before - set(new))
        return provider_pb2.UpdateResponse(properties=encode(made.outputs, secret))

    def _delete(self, request: Any) -> Any:
        known, _ = decode(request.old_inputs if request.old_inputs.fields else request.properties)
        self._provider.delete(type_of(request.urn), request.id, known)
        return empty_pb2.Empty()

    def _difference(self, request: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
        """A request's difference without what it ignores: a refresh leaves that to the provider."""
        for path in _with_all_tags(request.ignoreChanges):
            try:
                new = without_ignored(new, old, [path])
            except ValueError:
                continue  # a form that only the engine understands, and the engine follows it itself
        return self._provider.diff(type_of(request.urn), old, new)

    def _answer(
        self, context: grpc.ServicerContext, action: Callable[[], Answer], *, changes: bool = False
    ) -> Answer:
        """Run an operation; its failure reaches the person as words, one of our own as its kind only."""
        if changes and self._cancelled:
            refuse(context, grpc.StatusCode.CANCELLED, CANCELLED)
        try:
            return action()
        except ProviderError as error:
            refuse_with(context, error)
        except Exception as error:
            if context.code() is not None:  # type: ignore[no-untyped-call]
                raise  # an answer that has been given
            # Its text may hold anything.
            refuse(context, grpc.StatusCode.INTERNAL, f"defect of the sandbox: {type(error).__name__}")


def register_provider(server: Any, package: str) -> Callable[[], None]:
    """Add the provider of a package (`aws`, `gcp`) to a server; return what ends it."""
    plugin = ProviderPlugin(package)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(plugin, server)
    return plugin.cancel


def _with_all_tags(ignored: Iterable[str]) -> list[str]:
    """The paths, those of a tag also where all tags are shown."""
    tags = [path for path in ignored if path == TAGS or path.startswith((f"{TAGS}.", f"{TAGS}["))]
    return [*ignored, *(ALL_TAGS + path.removeprefix(TAGS) for path in tags)]


def _changes(changed: Iterable[str]) -> Any:
    return provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE


def _kind(was: bool, will_be: bool, replaces: bool) -> Any:
    kinds = provider_pb2.PropertyDiff
    if not was:
        return kinds.ADD_REPLACE if replaces else kinds.ADD
    if not will_be:
        return kinds.DELETE_REPLACE if replaces else kinds.DELETE
    return kinds.UPDATE_REPLACE if replaces else kinds.UPDATE


def _sdk_version(package: str) -> str:
    try:
        return version(f"pulumi-{package}")
    except PackageNotFoundError:
        return "0.0.0"
