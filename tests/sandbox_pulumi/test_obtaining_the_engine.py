"""How a machine without an engine gets one: with the installer, or built; once, and whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyplan.errors import EXIT_REFUSED, KeyplanError
from sandbox.pulumi_cli import build, installer, obtain, tool_process
from sandbox.pulumi_cli.find import OWN_COPY, Engine, find_engine, parse_version
from sandbox.pulumi_cli.obtain import obtain_engine
from sandbox.pulumi_cli.tool_process import ToolFailed
from tests.sandbox_pulumi.machines import CLOSED_PROXY, VERSION, Machine, answering, write_script

PATIENCE_SECONDS = 120.0
NOT_REACHED = "it cannot be reached from this machine"
ADVICE = (
    "install Pulumi (https://www.pulumi.com/docs/install/) or Go 1.25.11 or newer "
    "(https://go.dev/doc/install), then python -m sandbox engine --obtain"
)


def refused(machine: Machine, **environ: str) -> KeyplanError:
    """The error of a machine that gets no engine. Nothing may be left of the attempt."""
    with pytest.raises(KeyplanError) as caught:
        obtain_engine(machine.environ(**environ), lambda line: None)
    assert machine.kept() == []
    assert caught.value.exit_code == EXIT_REFUSED
    return caught.value


def built(machine: Machine) -> Engine:
    return Engine(machine.own_copy(), VERSION, OWN_COPY, None)


def test_a_machine_with_an_engine_gets_none(machine: Machine) -> None:
    machine.add_go()
    write_script(machine.on_path, answering("v3.300.0"))
    lines: list[str] = []
    assert obtain_engine(machine.environ(), lines.append).binary == machine.on_path
    assert (lines, machine.go_calls, machine.kept()) == ([], [], [])


def test_without_the_installer_it_is_built_and_the_second_time_it_is_there(machine: Machine) -> None:
    machine.add_go()
    lines: list[str] = []
    assert obtain_engine(machine.environ(), lines.append) == built(machine)
    assert [re.sub(r"after \d+ ", "after N ", line) for line in lines] == [
        f"Pulumi's installer: {NOT_REACHED}; trying the next way",
        "building version 3.259.0 with go1.26.8: about six minutes, the first time",
        "pulumi 3.259.0 is ready after N seconds",
    ]
    assert machine.kept() == ["v3.259.0"]
    calls = machine.go_calls
    assert obtain_engine(machine.environ(), lines.append) == find_engine(machine.environ()) == built(machine)
    assert machine.go_calls == calls


def test_what_the_user_has_set_for_go_does_not_change_the_build(machine: Machine) -> None:
    machine.add_go()
    users = {"GOFLAGS": "-mod=vendor", "GOWORK": "/a/go.work", "GOOS": "plan9", "GOARCH": "arm"}
    kept = {"GOPROXY": "off", "GOTOOLCHAIN": "local"}
    credentials = {"AWS_PROFILE": "prod", "ANTHROPIC_API_KEY": "k", "SOME_TOKEN": "t", "PULUMI_HOME": "/p"}
    obtain_engine(machine.environ(CGO_ENABLED="1", **users, **kept, **credentials), lambda line: None)
    ours = {"GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOOS": "thisos", "GOARCH": "thisarch"}
    environ = machine.go_environ()
    assert {name: environ.get(name) for name in (*ours, *kept, "CGO_ENABLED")} == {
        **ours,
        **kept,
        "CGO_ENABLED": "0",
    }
    assert [name for name in credentials if name in environ] == []


def test_a_command_of_the_sandbox_gets_it_through_the_users_proxies(machine: Machine, project: Path) -> None:
    """The commands have no proxies for themselves: nothing they do but this leaves the machine."""
    machine.add_go()
    subprocess.run(
        [sys.executable, "-m", "sandbox", "engine", "--obtain"],
        cwd=project,
        env=machine.environ(NO_PROXY="go.example"),
        check=True,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
    )
    environ = machine.go_environ()
    assert (environ["https_proxy"], environ["NO_PROXY"]) == (CLOSED_PROXY, "go.example")


def test_the_binary_that_is_built_says_the_version_that_is_pinned(machine: Machine) -> None:
    machine.add_go()
    obtain_engine(machine.environ(), lambda line: None)
    (call,) = [call for call in machine.go_calls if call.startswith("build")]
    assert call.split(" -o ")[0] == (
        "build -v -trimpath -buildvcs=false -ldflags -s -w "
        "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0"
    )
    assert call.endswith(" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")


def test_engine_and_sdk_are_pinned_to_one_version_with_their_sums() -> None:
    module = (build.MODULE / "go.mod").read_text()
    sums = (build.MODULE / "go.sum").read_text()
    version = build.pinned(build.ENGINE_MODULE)
    assert parse_version(version) is not None
    assert build.pinned(build.SDK_MODULE) == version
    assert f"\ntool {build.ENGINE_PACKAGE}\n" in module
    for name in (build.ENGINE_MODULE, build.SDK_MODULE):
        assert f"\n{name} v{version} h1:" in sums


def test_a_machine_without_go_is_told_both_ways_and_what_to_install(machine: Machine) -> None:
    error = refused(machine)
    assert error.message == (
        f"no engine could be got\n  Pulumi's installer: {NOT_REACHED}\n  building it: go is not on PATH"
    )
    assert error.hint == ADVICE


BROKEN_GO = {
    "too old, and told to stay so": (
        {"version": "go1.24.3"},
        "go is version 1.24.3, and 1.25.11 or newer is needed",
    ),
    "that makes what does not run": (
        {"engine": "exit 1"},
        "is broken: `pulumi version` ended with exit code 1",
    ),
    "that makes something else": (
        {"engine": answering("hello")},
        "does not answer `pulumi version` with a version",
    ),
}


@pytest.mark.parametrize("kind", BROKEN_GO)
def test_a_go_that_cannot_build_it_is_named(machine: Machine, kind: str) -> None:
    settings, reason = BROKEN_GO[kind]
    machine.add_go(**settings)
    (line,) = [line for line in refused(machine).message.splitlines() if line.startswith("  building it: ")]
    assert line.endswith(reason)


@pytest.mark.parametrize("body", ["exit 1", "echo gibberish", "echo []", "exec /no/such/program"])
def test_a_go_that_does_not_work_is_told_from_one_that_is_missing(machine: Machine, body: str) -> None:
    write_script(machine.root / "bin" / "go", body)
    assert refused(machine).message.endswith("building it: go does not work: `go env` gives no answer")


@pytest.mark.parametrize(
    ("version", "toolchain", "fits"),
    [
        ("go1.25.11", "local", True),
        ("go1.25.10", "local", False),
        ("go1.25", "local", False),
        ("go1.9.9", "local", False),
        ("go2.0", "local", True),
        ("devel go1.27-1a2b3c Mon Nov 2 10:00:00 2026", "local", True),
        ("go1.24.0", "auto", True),
        ("go1.24.0", "path", True),
        ("go1.24.0", "go1.24.0+auto", True),
        ("go1.24.0", "go1.24.0", False),
        ("go1.20.0", "", False),  # older than the setting
        ("devel +1a2b3c", "local", True),  # it says itself when it is too old
    ],
)
def test_go_is_new_enough_or_may_fetch_one_that_is(version: str, toolchain: str, fits: bool) -> None:
    with contextlib.nullcontext() if fits else pytest.raises(ToolFailed):
        build.require_go(version, toolchain)


def test_a_full_disk_is_told_before_the_build_starts(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "NEEDED_BYTES", 10**18)
    machine.add_go()
    assert re.search(r"/.* has [\d.]+ GB free, and 1000000000\.0 GB are needed$", refused(machine).message)
    assert [call.split()[0] for call in machine.go_calls] == ["env"]


def test_of_a_build_that_fails_the_last_lines_are_shown_and_no_password_of_a_proxy(machine: Machine) -> None:
    said = [f"line {number} of an error" for number in range(20)]
    said.append('go: m@v1: Get "https://me:secret@proxy.example/m": refused')
    machine.add_go(build="".join(f"echo '{line}' >&2; echo some/package >&2;" for line in said) + "exit 1")
    shown = [*said[-8:-1], 'go: m@v1: Get "https://proxy.example/m": refused']
    assert refused(machine).message == (
        f"no engine could be got\n  Pulumi's installer: {NOT_REACHED}\n  building it: go build failed"
        + "".join(f"\n    {line}" for line in shown)
    )


def test_an_own_copy_that_is_broken_is_replaced(machine: Machine) -> None:
    machine.add_go()
    write_script(machine.own_copy(), "exit 1")
    write_script(machine.own_copy().with_name("old-file"), "")
    lines: list[str] = []
    assert obtain_engine(machine.environ(), lines.append) == built(machine)
    assert lines[0] == (
        f"passed over: {machine.own_copy()} is broken: `pulumi version` ended with exit code 1"
    )
    assert not machine.own_copy().with_name("old-file").exists()
    assert machine.kept() == ["v3.259.0"]


def test_a_cache_that_cannot_be_written_is_told_in_words(machine: Machine) -> None:
    machine.home.mkdir()
    (machine.home / ".cache").write_text("a file")
    with pytest.raises(KeyplanError, match=r"no engine can be kept in .* \(not a directory\)"):
        obtain_engine(machine.environ(), lambda line: None)


def test_a_build_reports_how_far_it_is_and_has_an_end(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_process, "TICK_SECONDS", 0.2)
    monkeypatch.setattr(build, "BUILD_SECONDS", 2.0)
    machine.add_go(build=f"/bin/sleep 600 & echo $! > {machine.root}/child; wait")
    lines: list[str] = []
    with pytest.raises(KeyplanError, match="building it: go build did not end within 2 seconds"):
        obtain_engine(machine.environ(), lines.append)
    assert "compiling: 1 of 2 packages" in {line.rsplit(",", 1)[0] for line in lines}
    assert is_gone(int((machine.root / "child").read_text()))
    assert machine.kept() == []


# ---- interrupted, killed, and two at once ----


@pytest.fixture
def building(machine: Machine, project: Path) -> Iterator[subprocess.Popen[str]]:
    """`python -m sandbox engine --obtain` in the middle of a build that does not end."""
    machine.add_go(build=f"echo $$ > {machine.root}/child; exec /bin/sleep 600")
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "engine", "--obtain"],
        cwd=project,
        env=machine.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    child = machine.root / "child"
    try:
        wait_until(lambda: child.exists() and child.read_text().endswith("\n"))
        yield process
    finally:
        process.kill()
        process.communicate()
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(child.read_text()), signal.SIGKILL)


def wait_until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def is_gone(process: int) -> bool:
    """Whether it ends soon; one that has ended and waits for its parent to look counts too."""
    status = Path(f"/proc/{process}/stat")

    def gone() -> bool:
        try:
            os.kill(process, 0)
            return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except (ProcessLookupError, FileNotFoundError):
            return True

    wait_until(gone)
    return True


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupted_build_ends_the_compiler_and_leaves_nothing(
    machine: Machine, building: subprocess.Popen[str], number: int, code: int
) -> None:
    building.send_signal(number)
    said, _ = building.communicate(timeout=PATIENCE_SECONDS)
    assert building.returncode == code
    assert "Traceback" not in said
    assert is_gone(int((machine.root / "child").read_text()))
    assert machine.kept() == []


def test_an_interruption_at_the_very_start_of_a_tool_ends_it_too(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[str]] = []
    start = tool_process._start

    def interrupted(task: tool_process.Task) -> subprocess.Popen[str]:
        started.append(start(task))
        os.kill(os.getpid(), signal.SIGINT)
        return started[0]

    monkeypatch.setattr(tool_process, "_start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        obtain_engine(machine.environ(), lambda line: None)
    assert [process.returncode for process in started] == [-signal.SIGKILL]
    assert machine.kept() == []


def test_a_killed_build_counts_for_nothing_and_the_next_one_cleans_up(
    machine: Machine, building: subprocess.Popen[str]
) -> None:
    building.kill()
    building.wait()
    (left,) = machine.kept()
    assert left.startswith(obtain.UNFINISHED)
    assert find_engine(machine.environ()) is None
    machine.add_go()
    assert obtain_engine(machine.environ(), lambda line: None) == built(machine)
    assert machine.kept() == ["v3.259.0"]


def test_the_second_of_two_waits_says_so_and_takes_what_the_first_has_made(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obtain, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(obtain, "TICK_SECONDS", 0.05)
    machine.add_go()
    machine.cache.mkdir(parents=True)
    lines: list[str] = []
    engines: list[Engine] = []
    second = threading.Thread(target=lambda: engines.append(obtain_engine(machine.environ(), lines.append)))
    with (machine.cache / obtain.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.start()
        wait_until(lambda: len(lines) > 1)
        write_script(machine.own_copy(), answering(f"v{VERSION}"))
    second.join(PATIENCE_SECONDS)
    assert lines[:2] == [
        "another command is getting the engine; waiting for it",
        "still waiting: 0 seconds",
    ]
    assert engines == [built(machine)]
    assert machine.go_calls == []


# ---- the installer ----


def test_where_the_installer_works_nothing_is_built(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.add_go()
    distribution = write_script(machine.root / "distribution", answering("v3.272.0"))
    stand_in = f"""
case "$4" in install)
  /bin/mkdir -p "$5/bin"; /bin/cp {distribution} "$5/bin/pulumi"
  /bin/cp {distribution} "$5/bin/pulumi-language-python" ;;
esac"""
    monkeypatch.setattr(sys, "executable", str(write_script(machine.root / "python", stand_in)))
    lines: list[str] = []
    engine = obtain_engine(machine.environ(), lines.append)
    binary = machine.own_copy("3.272.0")
    assert engine == Engine(binary, "3.272.0", OWN_COPY, binary.with_name("pulumi-language-python"))
    assert lines[0] == "downloading the engine with Pulumi's own installer"
    assert (machine.kept(), machine.go_calls) == (["v3.272.0"], [])


def test_an_installer_that_fails_or_hangs_leaves_it_to_the_build(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "INSTALL_SECONDS", 1.0)
    machine.add_go()
    bodies = {
        "fails": "case $4 in install) echo 'no such release'; exit 1;; esac",
        "hangs": "case $4 in install) exec /bin/sleep 600;; esac",
    }
    told = {}
    for name, body in bodies.items():
        monkeypatch.setattr(sys, "executable", str(write_script(machine.root / name, body)))
        lines: list[str] = []
        assert obtain_engine(machine.environ(), lines.append) == built(machine)
        told[name] = lines[1]
        machine.own_copy().unlink()
    assert told == {
        "fails": "Pulumi's installer: the installer failed\n    no such release; trying the next way",
        "hangs": "Pulumi's installer: the installer did not end within 1 seconds; trying the next way",
    }


DRIVER = """
import shutil, sys
import pulumi.automation._cmd as command
command._download_to_file = lambda address, path: shutil.copyfile(sys.argv[1], path)
from sandbox.pulumi_cli import installer
installer._main("install", sys.argv[2], sys.argv[3])
"""


def test_the_sdk_installs_its_own_version_and_gets_a_home_that_is_not_the_users(
    machine: Machine, project: Path
) -> None:
    """The SDK is real, and only what it would download is a script of ours."""
    from pulumi.automation._cmd import sdk_version

    downloaded = write_script(
        machine.root / "install.sh",
        f'echo "$HOME $@" > {machine.root}/told; /bin/mkdir -p "$3/bin"\n'
        f'printf \'#!/bin/sh\\necho v{sdk_version}\\n\' > "$3/bin/pulumi"; /bin/chmod 755 "$3/bin/pulumi"',
    )
    root, home = machine.root / "engine", machine.root / "made-up-home"
    home.mkdir()
    subprocess.run(
        [sys.executable, "-c", DRIVER, downloaded, root, home],
        cwd=project,
        env=machine.environ(),
        check=True,
        timeout=PATIENCE_SECONDS * 4,
    )
    told = (machine.root / "told").read_text().split()
    assert told == [str(home), "--no-edit-path", "--install-root", str(root), "--version", str(sdk_version)]
    assert list(machine.home.glob("**/*")) == []


def test_the_pinned_go_module_names_no_host_of_ours() -> None:
    first = (build.MODULE / "go.mod").read_text().splitlines()[0]
    assert first == "module keyplan.invalid/sandbox/engine-tools"
