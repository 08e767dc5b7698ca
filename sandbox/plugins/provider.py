"""A cloud provider's plugin: Pulumi's ResourceProvider protocol over the sandbox's own provider.

Translates, and decides nothing: what a resource is and does stands in `sandbox.provider`. Secrets are taken
off on the way in and put back on the way out, by property.
Source: pulumi/proto/pulumi/provider.proto (v3.259.0, checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.provider import Provider, ProviderError
from sandbox.provider.provider import DEFAULTS_KEY, State
from sandbox.wire import decode, encode

Answer = TypeVar("Answer")
AWS = "aws"
CANCELLED = "the update was cancelled"


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
        """Take region, endpoints and default tags."""
        settings, _ = decode(request.args)
        if self._package == AWS:  # of another cloud nothing is known, which every type then says by name
            self._answer(context, lambda: self._provider.configure(settings))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Call a function; a failure is an error with its words, as the real provider's are."""
        arguments, _ = decode(request.args)
        answer = self._answer(context, lambda: self._provider.invoke(request.tok, arguments))
        return provider_pb2.InvokeResponse(**{"return": encode(answer)})

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Fill in what the program left out, and list what cannot be used."""
        token, name = _type_of(request.urn), _name_of(request.urn)
        new, secret = decode(request.news)
        old, _ = decode(request.olds)
        checked = self._answer(
            context,
            lambda: self._provider.check(token, name, new, old, request.randomSeed),
        )
        return provider_pb2.CheckResponse(
            inputs=encode(checked.inputs, secret),
            failures=[provider_pb2.CheckFailure(reason=reason) for reason in checked.failures],
        )

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Say what changed, and whether that needs a new resource."""
        old, _ = decode(request.old_inputs)
        new, _ = decode(request.news)
        difference = self._answer(context, lambda: self._provider.diff(_type_of(request.urn), old, new))
        changed = sorted(difference.changed)
        return provider_pb2.DiffResponse(
            changes=_changes(changed),
            diffs=changed,
            replaces=sorted(difference.replaces),
            deleteBeforeReplace=difference.delete_before_replace,
            hasDetailedDiff=True,
            detailedDiff={
                name: provider_pb2.PropertyDiff(
                    kind=_kind(name in old, name in new, name in difference.replaces), inputDiff=True
                )
                for name in changed
            },
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Make the resource, or in a preview say what would be known of it."""
        inputs, secret = decode(request.properties)
        made = self._answer(
            context,
            lambda: self._provider.create(_type_of(request.urn), inputs, request.preview),
            changes=not request.preview,
        )
        return provider_pb2.CreateResponse(id=made.id, properties=encode(made.outputs, secret))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The resource as the cloud has it; no id when it is gone. An import comes without inputs."""
        inputs, secret = decode(request.inputs)
        _, secret_outputs = decode(request.properties)
        found = self._answer(context, lambda: self._provider.read(_type_of(request.urn), request.id, inputs))
        if found is None:
            return provider_pb2.ReadResponse()
        secret |= secret_outputs
        kept = _as_given(inputs, found.inputs)
        return provider_pb2.ReadResponse(
            id=found.id, inputs=encode(kept, secret), properties=encode(found.outputs, secret)
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Change the resource in place."""
        token = _type_of(request.urn)
        outputs, _ = decode(request.olds)
        old, _ = decode(request.old_inputs)
        new, secret = decode(request.news)
        changed = self._answer(context, lambda: self._provider.diff(token, old, new)).changed
        made = self._answer(
            context,
            lambda: self._provider.update(
                token, request.id, State(request.id, old, outputs), new, changed, request.preview
            ),
            changes=not request.preview,
        )
        return provider_pb2.UpdateResponse(properties=encode(made.outputs, secret))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Delete the resource; one that is gone already is no error."""
        known, _ = decode(request.old_inputs if request.old_inputs.fields else request.properties)
        self._answer(
            context,
            lambda: self._provider.delete(_type_of(request.urn), request.id, known),
            changes=True,
        )
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Begin nothing more; what is under way ends by itself, within a request to the emulator."""
        self._cancelled = True
        return empty_pb2.Empty()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The engine's address is of no use here."""
        return empty_pb2.Empty()

    def _answer(
        self, context: grpc.ServicerContext, action: Callable[[], Answer], *, changes: bool = False
    ) -> Answer:
        """Run an operation; its failure reaches the person as words, one of our own as its kind only."""
        if changes and self._cancelled:
            _refuse(context, grpc.StatusCode.CANCELLED, CANCELLED)
        try:
            return action()
        except ProviderError as error:
            hint = f"\n  try: {error.hint}" if error.hint else ""
            _refuse(context, grpc.StatusCode.UNKNOWN, error.message + hint)
        except Exception as error:
            # Its text may hold anything.
            _refuse(context, grpc.StatusCode.INTERNAL, f"defect of the sandbox: {type(error).__name__}")


def register_provider(server: Any, package: str) -> None:
    """Add the provider of a package (`aws`, `gcp`) to a server."""
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderPlugin(package), server)


def _refuse(context: grpc.ServicerContext, code: grpc.StatusCode, words: str) -> NoReturn:
    context.abort(code, words)  # type: ignore[no-untyped-call]
    raise AssertionError("abort raises")


def _as_given(known: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as they were read, with the note which of them the provider had filled in."""
    return {**found, DEFAULTS_KEY: known.get(DEFAULTS_KEY, [])}


def _changes(changed: Iterable[str]) -> Any:
    return provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE


def _kind(was: bool, will_be: bool, replaces: bool) -> Any:
    kinds = provider_pb2.PropertyDiff
    if not was:
        return kinds.ADD_REPLACE if replaces else kinds.ADD
    if not will_be:
        return kinds.DELETE_REPLACE if replaces else kinds.DELETE
    return kinds.UPDATE_REPLACE if replaces else kinds.UPDATE


def _type_of(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def _sdk_version(package: str) -> str:
    try:
        return version(f"pulumi-{package}")
    except PackageNotFoundError:
        return "0.0.0"
