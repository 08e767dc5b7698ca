"""A resource monitor that records what a program declares, and invents what AWS would answer.

Resource options are recorded too, which the stock mocks hide. Nothing is built anywhere. A lookup that no
test prepared fails the program.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, rpc, settings

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
Invoke = Callable[[Mapping[str, Any]], dict[str, Any]]

LOOKUPS: dict[str, Invoke] = {
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _: {"accountId": ACCOUNT_ID},
    "aws:index/getRegion:getRegion": lambda _: {"region": REGION},
    "aws:index/getPartition:getPartition": lambda _: {"partition": "aws"},
}


@dataclass(frozen=True)
class Registration:
    """One resource as the program declared it."""

    kind: str  # its type token
    name: str
    urn: str
    parent: str  # the parent's name
    parent_urn: str
    inputs: dict[str, Any]
    protect: bool
    retain_on_delete: bool
    import_id: str
    ignore_changes: tuple[str, ...]
    depends_on: tuple[str, ...]  # names
    alias_names: tuple[str, ...]  # the program's own; the engine works out what children inherit


@dataclass
class Recording:
    """Everything that one run of a program declared and exported."""

    resources: list[Registration] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)  # the stack's
    component_outputs: set[str] = field(default_factory=set)  # names of components that registered theirs
    calls: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Registration]:
        """The resources of one type, by name."""
        return sorted((each for each in self.resources if each.kind == kind), key=lambda each: each.name)

    def one(self, kind: str) -> Registration:
        """The only resource of a type."""
        (found,) = self.of(kind)
        return found


class LookupRefused(grpc.RpcError):
    """A lookup that the provider answers with an error: it reaches the program as gRPC hands it over."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self.words


class _Answers(mocks.Mocks):
    def __init__(self, recording: Recording, lookups: Mapping[str, Invoke], preview: bool) -> None:
        self.recording, self.lookups, self.preview = recording, lookups, preview

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.recording.calls.append(args.token)
        return self.lookups[args.token](args.args)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return None, {}
        if self.preview:
            return "", {**args.inputs, **dict.fromkeys(_computed(args), rpc.UNKNOWN)}
        return f"{args.name}-id", {**args.inputs, **_computed(args)}


def _computed(args: mocks.MockResourceArgs) -> dict[str, Any]:
    """What AWS adds to a resource, as far as the program uses it."""
    name = args.inputs.get("name", args.name)
    iam, here = f"arn:aws:iam::{ACCOUNT_ID}:", f"{REGION}:{ACCOUNT_ID}:"
    match args.typ:
        case "aws:kms/key:Key":
            key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
            return {"arn": f"arn:aws:kms:{here}key/{key_id}", "keyId": key_id}
        case "aws:secretsmanager/secret:Secret":
            return {"arn": f"arn:aws:secretsmanager:{here}secret:{name}-AbCdEf"}
        case "aws:iam/role:Role":
            return {"arn": f"{iam}role/{name}"}
        case "aws:iam/policy:Policy":
            return {"arn": f"{iam}policy/{name}"}
        case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
            return {"arn": f"{iam}oidc-provider/{args.inputs['url'].removeprefix('https://')}"}
        case kind if kind.startswith("gcp:"):
            return _computed_by_google(args)
        case _:
            service = args.typ.partition("/")[0].partition(":")[2]
            return {"arn": f"arn:aws:{service}:{here}{name}"}


def _computed_by_google(args: mocks.MockResourceArgs) -> dict[str, Any]:
    """What Google Cloud adds to a resource, as far as the program uses it."""
    project = args.inputs.get("project", "example-prod")
    match args.typ:
        case "gcp:projects/iAMCustomRole:IAMCustomRole":
            return {"name": f"projects/{project}/roles/{args.inputs['roleId']}"}
        case "gcp:serviceaccount/account:Account":
            email = f"{args.inputs['accountId']}@{project}.iam.gserviceaccount.com"
            return {
                "email": email,
                "member": f"serviceAccount:{email}",
                "name": f"projects/{project}/serviceAccounts/{email}",
            }
        case "gcp:monitoring/notificationChannel:NotificationChannel":
            return {"name": f"projects/{project}/notificationChannels/{args.name}"}
        case "gcp:cloudfunctionsv2/function:Function":
            uri = f"https://{args.inputs['name']}-abcdef-ew.a.run.app"
            return {"serviceConfig": {**args.inputs["serviceConfig"], "uri": uri}}
        case _:
            return {}


def _urn(request: Any) -> str:
    chain = request.parent.split("::")[2] if request.parent else ""
    below = chain in ("", "pulumi:pulumi:Stack")
    return f"urn:pulumi:prod::keyplan::{request.type if below else f'{chain}${request.type}'}::{request.name}"


class _Monitor(mocks.MockMonitor):
    """The stock mock monitor, which hides resource options, with what was asked kept."""

    def __init__(self, recording: Recording, lookups: Mapping[str, Invoke], preview: bool) -> None:
        super().__init__(_Answers(recording, lookups, preview))
        self.recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 — the protocol's name
        response = super().RegisterResource(request)
        # The stock monitor's URNs know one parent only; the engine's hold the types of all of them.
        response.urn = _urn(request)
        if request.type != "pulumi:pulumi:Stack":
            self.recording.resources.append(
                Registration(
                    kind=request.type,
                    name=request.name,
                    urn=response.urn,
                    parent_urn=request.parent,
                    parent=request.parent.rpartition("::")[2],
                    inputs=rpc.deserialize_properties(request.object),
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    import_id=request.importId,
                    ignore_changes=tuple(request.ignoreChanges),
                    depends_on=tuple(sorted({urn.rpartition("::")[2] for urn in request.dependencies})),
                    alias_names=tuple(alias.spec.name for alias in request.aliases if alias.spec.name),
                )
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 — the protocol's name
        name = request.urn.rpartition("::")[2]
        if "::pulumi:pulumi:Stack::" in request.urn:
            self.recording.outputs = rpc.deserialize_properties(request.outputs)
        else:
            self.recording.component_outputs.add(name)
        return empty_pb2.Empty()


def record(
    program: Callable[[], None],
    *,
    lookups: Mapping[str, Invoke] | None = None,
    config: Mapping[str, str] | None = None,
    preview: bool = False,
) -> Recording:
    """Run a program and return what it declared; on an event loop of its own, with nothing left over.

    Args:
        program: the body of a Pulumi program.
        lookups: answers beside the account's; a function that raises makes the lookup fail.
        config: the stack's configuration, with namespaces.
        preview: whether ids and ARNs stay unknown.
    """
    recording = Recording()
    monitor = _Monitor(recording, {**LOOKUPS, **(lookups or {})}, preview)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    # One worker: resources come in a fixed order. It needs a loop of its own, which the SDK would not close.
    inner = asyncio.new_event_loop()
    worker = ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(inner,))
    loop.set_default_executor(worker)
    asyncio.set_event_loop(loop)
    settings.SETTINGS.outputs.clear()
    settings.set_root_resource(None)
    pulumi.runtime.set_all_config(dict(config or {}))
    settings.configure(
        mocks.MockSettings(
            monitor=monitor,
            engine=mocks.MockEngine(None),
            project="keyplan",
            stack="prod",
            dry_run=preview,
            monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
            organization="organization",
            callbacks=None,
            root_directory=None,
        )
    )
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    finally:
        settings.SETTINGS.outputs.clear()
        settings.set_root_resource(None)
        asyncio.set_event_loop(None)
        loop.close()
        worker.shutdown()
        inner.close()
    return recording
