"""The gRPC face of a run: Pulumi's ResourceMonitor and Engine, as the stock SDK calls them.

Turns requests into goals and back. Whatever the small engine does not do is refused here, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    resource_pb2,
    resource_pb2_grpc,
)

from sandbox.builtin.deployment import PROVIDER_PREFIX, Deployment, Goal
from sandbox.builtin.errors import ResourceFailed
from sandbox.grpc_server import new_server
from sandbox.provider import ProviderError
from sandbox.provider.invokes import INVOKES
from sandbox.provider.provider import known, masked_outputs
from sandbox.urns import STACK, former_urns, make_urn, name_of, type_of
from sandbox.wire import decode, decode_outputs, encode

RENAME = (
    "put the old name back; or start over with Pulumi's engine, which keeps what is renamed: "
    "python -m sandbox down, then python -m sandbox up --engine pulumi"
)
LEVELS = {engine_pb2.WARNING: "warning", engine_pb2.ERROR: "error"}
Answer = TypeVar("Answer")

# Features are announced for what is understood and for what is refused by name here: of others the SDK
# only says that the Pulumi CLI is too old.
FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
)


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """What the program registers and asks."""

    def __init__(self, deployment: Deployment, project: str, stack: str) -> None:
        self._deployment = deployment
        self._project = project
        self._stack = stack
        self._former_urns: dict[str, tuple[str, ...]] = {}  # of everything registered, for its children
        self.outputs: dict[str, Any] = {}

    def GetDeploymentInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Which features the SDK may use."""
        return resource_pb2.DeploymentInfo(
            project=self._project,
            stack=self._stack,
            dryRun=self._deployment.preview,
            supportedFeatures=FEATURES,
        )

    def SupportsFeature(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The older form of the same question."""
        supported = request.id not in ("outputValues", "resourceReferences")
        return resource_pb2.SupportsFeatureResponse(hasSupport=supported)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Call one of the provider's functions; its failures are the program's to handle."""
        if request.tok not in INVOKES:
            self._refuse_by_name(context, f"the function {request.tok}", "invoke")
        arguments, _ = decode(request.args)
        try:
            provider = self._deployment.providers.get(request.provider)
            answer = provider.invoke(request.tok, arguments)
        except ProviderError as error:
            failure = provider_pb2.CheckFailure(property="", reason=error.message)
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        return resource_pb2.ResourceInvokeResponse(**{"return": encode(answer)})

    def RegisterResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Make one resource as the program wants it."""
        urn = make_urn(self._stack, self._project, request.parent, request.type, request.name)
        return self._answer(context, urn, "register", lambda: self._register(urn, request))

    def RegisterResourceOutputs(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Keep the stack's exports; those of components are nobody's business here."""
        if type_of(request.urn) == STACK:
            self.outputs = decode_outputs(request.outputs)
        return empty_pb2.Empty()

    def ReadResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """`.get()`: show a resource that somebody else owns."""
        urn = make_urn(self._stack, self._project, request.parent, request.type, request.name)
        return self._answer(context, urn, "read", lambda: self._read(urn, request))

    def SignalAndWaitForShutdown(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """There are no delete hooks to wait for."""
        return empty_pb2.Empty()

    def Call(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refused."""
        self._refuse_by_name(context, f"methods of remote components ({request.tok})")

    def ExistsResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refused."""
        self._refuse_by_name(context, f"the question whether a {request.type} exists")

    def RegisterStackTransform(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refused."""
        self._refuse_by_name(context, "stack transforms")

    def RegisterStackInvokeTransform(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refused."""
        self._refuse_by_name(context, "transforms of invokes")

    def RegisterResourceHook(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refused."""
        self._refuse_by_name(context, "resource hooks")

    def RegisterErrorHook(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refused."""
        self._refuse_by_name(context, "error hooks")

    def RegisterPackage(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refused."""
        self._refuse_by_name(context, f"parameterized packages ({request.name})")

    def _register(self, urn: str, request: Any) -> Any:
        for name in _refused_options(request):
            raise ResourceFailed(urn, "register", f"the sandbox does not know {name}", name=request.name)
        self._refuse_renames(urn, request)
        if not request.custom:
            self._deployment.claim(urn)
            return resource_pb2.RegisterResourceResponse(urn=urn)
        registered = self._deployment.register(_goal(urn, request))
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=registered.id,
            object=encode(registered.outputs, request.additionalSecretOutputs),
        )

    def _refuse_renames(self, urn: str, request: Any) -> None:
        """An alias of something that the state does not have asks for nothing. Raises: ResourceFailed."""
        former = former_urns(urn, request, self._former_urns.get(request.parent, ()))
        self._former_urns[urn] = former
        state = self._deployment.state
        if state.resource(urn) is not None:
            return
        for each in former:
            if state.resource(each) is not None:
                raise ResourceFailed(
                    urn,
                    "register",
                    f"the program renames {name_of(each)} with the resource option aliases, and the builtin "
                    "engine could only delete it and make another one",
                    RENAME,
                    name=f"{request.name} ({request.type})",
                )

    def _read(self, urn: str, request: Any) -> Any:
        found = self._deployment.providers.get(request.provider).read(request.type, request.id)
        if found is None:
            raise ProviderError(f"{request.id} does not exist")
        return resource_pb2.ReadResourceResponse(urn=urn, id=found.id, properties=encode(found.outputs))

    def _answer(
        self, context: grpc.ServicerContext, urn: str, operation: str, action: Callable[[], Answer]
    ) -> Answer:
        """Run an operation and tell the program, in the engine's words, when it fails."""
        try:
            return action()
        except ResourceFailed as error:
            self._refuse(context, error)
        except ProviderError as error:
            self._refuse(context, ResourceFailed(urn, operation, error.message, error.hint))
        except Exception as error:
            # A defect of the sandbox itself: its text may hold anything, so only its kind is shown.
            failure = ResourceFailed(urn, operation, f"defect of the sandbox: {type(error).__name__}")
            failure.__cause__ = error
            self._refuse(context, failure)

    def _refuse_by_name(
        self, context: grpc.ServicerContext, what: str, operation: str = "register"
    ) -> NoReturn:
        self._refuse(
            context, ResourceFailed("", operation, f"the sandbox does not know {what}", name="the stack")
        )

    def _refuse(self, context: grpc.ServicerContext, failure: ResourceFailed) -> NoReturn:
        self._deployment.failed(failure)
        context.abort(grpc.StatusCode.UNKNOWN, failure.message)  # type: ignore[no-untyped-call]
        raise AssertionError("abort raises")


class Engine(engine_pb2_grpc.EngineServicer):
    """The program's log and its root resource."""

    def __init__(self, diagnostics: list[str]) -> None:
        self._diagnostics = diagnostics
        self._root = ""

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Keep warnings and errors; the SDK sends dozens of lines for debugging."""
        level = LEVELS.get(request.severity)
        if level is not None:
            self._diagnostics.append(f"{level}: {request.message.rstrip()}")
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The stack's URN."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Remember the stack's URN."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """There is no CLI, so any version is the right one."""
        return engine_pb2.RequirePulumiVersionResponse()


@contextmanager
def serving(monitor: Monitor, engine: Engine) -> Iterator[str]:
    """Serve both on 127.0.0.1 and a free port; leave only when every operation under way has ended."""
    server, port, workers = new_server()
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()
        workers.shutdown(wait=True)


def _refused_options(request: Any) -> Iterator[str]:
    """What the request asks for and the small engine does not do."""
    if request.remote:
        yield f"remote components ({request.type})"
    if request.type == "pulumi:pulumi:StackReference":
        yield "StackReference"
    elif request.custom and not _is_provider(request) and not known(request.type):
        yield request.type
    for option, used in (
        ("transforms", bool(request.transforms)),
        ("deletedWith", bool(request.deletedWith)),
        ("replaceWith", bool(request.replace_with)),
        ("replacementTrigger", request.HasField("replacement_trigger")),
        ("hooks", request.hooks.ByteSize() > 0),
        ("stateMigrations", bool(request.state_migrations)),
        ("additionalSecretOutputs", _hides_more_than_the_sdk(request)),
    ):
        if used:
            yield f"the resource option {option}"


def _hides_more_than_the_sdk(request: Any) -> bool:
    wanted = set(request.additionalSecretOutputs)
    return not _is_provider(request) and not wanted <= masked_outputs(request.type)


def _is_provider(request: Any) -> bool:
    return bool(request.type.startswith(PROVIDER_PREFIX))


def _goal(urn: str, request: Any) -> Goal:
    inputs, secret = decode(request.object)
    if secret and not _is_provider(request):
        raise ResourceFailed(
            urn,
            "register",
            f"the input `{min(secret)}` is a secret, and the sandbox keeps inputs in a file",
            "values never go through the program: keyplan put stores them",
            name=f"{request.name} ({request.type})",
        )
    return Goal(
        urn=urn,
        kind=request.type,
        name=request.name,
        inputs=inputs,
        provider=request.provider,
        dependencies=sorted(request.dependencies),
        property_dependencies={
            name: sorted(needed.urns) for name, needed in sorted(request.propertyDependencies.items())
        },
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        import_id=request.importId,
    )
