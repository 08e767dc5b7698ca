"""The host of Python programs: Pulumi's LanguageRuntime protocol over the sandbox's way to run a program.

The program runs with this very interpreter, so that what is installed here is what it sees. Installing,
packing and generating code are the real host's.
Source: pulumi/proto/pulumi/language.proto (v3.259.0, checked 2026-11-21).
"""

from __future__ import annotations

import platform
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.program import Program, ProgramFailed, Run

PROVIDERS = ("aws", "gcp")


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs the program of a stack."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._running: set[Program] = set()
        self._cancelled = threading.Event()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - gRPC's names
        """Nothing has to be agreed on."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The version of the SDK that programs run with."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The providers whose SDK is installed here."""
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(name=name, kind="resource", version=f"v{version}")
                for name, version in _installed_providers()
            ]
        )

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Run the program to its end. What it prints are lines of the engine's log."""
        run = Run(
            directory=request.info.program_directory or request.pwd,
            project=request.project,
            stack=request.stack,
            config=dict(request.config),
            preview=request.dryRun,
            secret_config=list(request.configSecretKeys),
            organization=request.organization,
            root=request.info.root_directory,
        )
        try:
            with Program(run, _print) as program, self._ending_with(program, context):
                program.finish(request.monitor_address, self._engine)
        except ProgramFailed as failure:
            if context.is_active() and not self._cancelled.is_set():  # type: ignore[no-untyped-call]
                hint = f"\n  try: {failure.hint}" if failure.hint else ""
                self._log_error(failure.message + hint)
            # The error has been told; without this mark the engine would add one of its own.
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """There is nothing to choose."""
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The interpreter."""
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """What is installed here."""
        found = {one.name: one.version for one in metadata.distributions()}
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for name, version in sorted(found.items())
            ]
        )

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """End the program that runs, as the real host does: it may be waiting for something."""
        self.cancel()
        return empty_pb2.Empty()

    def cancel(self) -> None:
        """End the program that runs, and begin none any more."""
        self._cancelled.set()
        for program in list(self._running):
            program.stop()

    @contextmanager
    def _ending_with(self, program: Program, context: grpc.ServicerContext) -> Iterator[None]:
        """Stop the program when the engine ends the call or the run."""
        self._running.add(program)
        try:
            waiting = context.add_callback(program.stop)  # type: ignore[no-untyped-call]
            if self._cancelled.is_set() or not waiting:
                program.stop()
            yield
        finally:
            self._running.discard(program)

    def _log_error(self, message: str) -> None:
        with grpc.insecure_channel(self._engine) as channel:  # type: ignore[no-untyped-call]
            engine_pb2_grpc.EngineStub(channel).Log(
                engine_pb2.LogRequest(severity=engine_pb2.ERROR, message=message)
            )


def register_language_host(server: Any, engine: str) -> Callable[[], None]:
    """Add the host to a server; return what ends it.

    Args: engine: the address of the engine that started it.
    """
    host = LanguageHost(engine)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    return host.cancel


def _installed_providers() -> list[tuple[str, str]]:
    found = []
    for name in PROVIDERS:
        try:
            found.append((name, metadata.version(f"pulumi-{name}")))
        except metadata.PackageNotFoundError:
            continue
    return found


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
