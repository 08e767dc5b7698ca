"""The host of Python programs, over gRPC: what reaches the program, what comes back, and how each ends."""

from __future__ import annotations

import os
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from sandbox.builtin.monitor import FEATURES
from sandbox.grpc_server import new_server
from tests.sandbox_plugins.plugin_process import LIMIT_SECONDS, PluginProcess, started

HANGS = """
    import os, pathlib, time
    place = pathlib.Path(os.environ["HOME"]) / "program"
    place.with_suffix(".new").write_text(str(os.getpid()))
    place.with_suffix(".new").rename(place)
    time.sleep(600)
"""


class SmallMonitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Takes the stack in, and keeps what it exports."""

    def __init__(self) -> None:
        self.outputs: Any = None

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return resource_pb2.DeploymentInfo(project="trial", stack="dev", supportedFeatures=FEATURES)

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id == "secrets")

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return resource_pb2.RegisterResourceResponse(urn=f"urn:pulumi:dev::trial::{request.type}::x")

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        self.outputs = request.outputs
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return empty_pb2.Empty()


class SmallEngine(engine_pb2_grpc.EngineServicer):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.root = ""

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def SetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        self.root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return engine_pb2.GetRootResourceResponse(urn=self.root)


@dataclass
class Host:
    """A host, the small engine that started it, and a project in a folder."""

    plugin: PluginProcess
    stub: Any
    address: str
    folder: Path
    monitor: SmallMonitor
    engine: SmallEngine
    config: dict[str, str] = field(default_factory=dict)
    secret: list[str] = field(default_factory=list)

    def request(self, program: str) -> language_pb2.RunRequest:
        (self.folder / "__main__.py").write_text(textwrap.dedent(program))
        info = language_pb2.ProgramInfo(
            root_directory=str(self.folder), program_directory=str(self.folder), entry_point="."
        )
        return language_pb2.RunRequest(
            project="trial",
            stack="dev",
            organization="organization",
            pwd=str(self.folder),
            monitor_address=self.address,
            config=self.config,
            configSecretKeys=self.secret,
            info=info,
        )

    def run(self, program: str) -> language_pb2.RunResponse:
        answer: language_pb2.RunResponse = self.stub.Run(self.request(program), timeout=LIMIT_SECONDS)
        return answer

    def printed(self) -> list[str]:
        """What the programs printed; this ends the host."""
        assert self.plugin.end() == 0
        return self.plugin.lines()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monitor, engine = SmallMonitor(), SmallEngine()
    server, port, workers = new_server()
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    server.start()
    address = f"127.0.0.1:{port}"
    folder = tmp_path / "project"
    folder.mkdir()
    with started("python", address) as plugin, plugin.channel() as channel:
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        yield Host(plugin, stub, address, folder, monitor, engine)
    server.stop(grace=None).wait()
    workers.shutdown()


def program_pid(folder: Path) -> int:
    """The process of a program that hangs, once it does."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (folder.parent / "program").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int((folder.parent / "program").read_text())


def is_gone(pid: int) -> bool:
    """Whether a process has ended, soon if not now."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_what_is_printed_arrives_in_lines_whatever_the_language(host: Host) -> None:
    answer = host.run("""
        import sys
        print("erste Zeile: größer\\nzweite")
        sys.stderr.write("third, without an end")
    """)
    assert not answer.bail
    printed = host.printed()
    assert sorted(printed) == ["erste Zeile: größer", "third, without an end", "zweite"]
    assert host.plugin.complained() == []


def test_configuration_reaches_the_program_and_what_is_secret_stays_so(host: Host) -> None:
    host.config = {"trial:plain": "seen", "trial:hidden": "canary"}
    host.secret = ["trial:hidden"]
    answer = host.run("""
        import pulumi
        config = pulumi.Config()
        pulumi.export("plain", config.require("plain"))
        pulumi.export("hidden", config.require_secret("hidden"))
        pulumi.export("marked", pulumi.runtime.config.is_config_secret("trial:hidden"))
        pulumi.export("stack", pulumi.get_stack())
    """)
    assert (answer.bail, host.engine.errors) == (False, [])
    outputs = host.monitor.outputs
    assert (outputs["plain"], outputs["marked"], outputs["stack"]) == ("seen", True, "dev")
    assert dict(outputs["hidden"]) == {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "value": "canary",
    }


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import pulumi\nraise pulumi.RunError('write it anew')", "write it anew"),
        (
            "from keyplan.errors import UsageError\nraise UsageError('no such key', 'keyplan check')",
            "no such key\n  try: keyplan check",
        ),
        (
            "import pulumi\nfrom keyplan.errors import UsageError\n"
            "try:\n    raise UsageError('no such key', 'keyplan check')\n"
            "except UsageError as error:\n    raise pulumi.RunError('it failed') from error",
            "no such key\n  try: keyplan check",
        ),
    ],
)
def test_an_error_for_people_gives_its_words_once_and_no_traceback(
    host: Host, program: str, words: str
) -> None:
    assert host.run(program).bail
    assert host.engine.errors == [words]
    assert host.printed() == []


def test_another_error_shows_the_programs_own_lines_and_not_the_sdks(host: Host) -> None:
    (host.folder / "part.py").write_text("def build():\n    return {}['missing']\n")
    assert host.run("import part\npart.build()\n").bail
    [told] = host.engine.errors
    files = [line.split('"')[1] for line in told.splitlines() if line.startswith("  File ")]
    assert files == [str(host.folder / "__main__.py"), str(host.folder / "part.py")]
    assert told.endswith("KeyError: 'missing'")


def test_a_program_with_a_mistake_of_writing_is_told_by_file_and_line(host: Host) -> None:
    assert host.run("x = 1\nif x\n").bail
    [told] = host.engine.errors
    assert told.splitlines()[1] == f'  File "{host.folder / "__main__.py"}", line 2'
    assert "runpy" not in told


def test_a_cancellation_ends_a_program_that_hangs_without_words(host: Host) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(host.run, HANGS)
        pid = program_pid(host.folder)
        host.stub.Cancel(empty_pb2.Empty())
        assert running.result(LIMIT_SECONDS).bail
    assert is_gone(pid)
    assert host.engine.errors == []
    assert host.run("print('never')").bail  # nor does another one begin
    assert host.printed() == []


def test_the_end_of_the_call_ends_the_program(host: Host) -> None:
    call = host.stub.Run.future(host.request(HANGS))
    ended = threading.Event()
    call.add_done_callback(lambda _: ended.set())
    pid = program_pid(host.folder)
    call.cancel()
    assert ended.wait(LIMIT_SECONDS)
    assert is_gone(pid)
    assert host.engine.errors == []


def test_the_installed_providers_are_what_a_program_needs(host: Host) -> None:
    answer = host.stub.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest())
    assert [(one.name, one.kind, one.version) for one in answer.packages] == [
        (name, "resource", f"v{metadata.version(f'pulumi-{name}')}") for name in ("aws", "gcp")
    ]
    assert host.stub.GetPluginInfo(empty_pb2.Empty()).version == metadata.version("pulumi")


def test_a_program_that_is_not_there_is_an_error_of_its_own(host: Host) -> None:
    request = host.request("")
    (host.folder / "__main__.py").unlink()
    assert host.stub.Run(request, timeout=LIMIT_SECONDS).bail
    [told] = host.engine.errors
    assert "__main__.py" in told
