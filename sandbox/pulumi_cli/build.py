"""Builds Pulumi's engine from its published Go modules, for machines that reach a module proxy and no more.

`tools/go.mod` and `tools/go.sum` pin the engine and everything in it. Modules and compiled packages stay in
Go's own caches, so a second build is short. The language host for Python is not built: its module has no
release, and the sandbox has a host of its own (sandbox/plugins/language.py).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.pulumi_cli.find import PROGRAM
from sandbox.pulumi_cli.tool_process import Task, ToolFailed, run_tool, shown, without_secrets

MODULE = Path(__file__).parent / "tools"
ENGINE_MODULE = "github.com/pulumi/pulumi/pkg/v3"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
ENGINE_PACKAGE = f"{ENGINE_MODULE}/cmd/pulumi"
VERSION_VARIABLE = f"{SDK_MODULE}/go/common/version.Version"
GO_PAGE = "https://go.dev/doc/install"

# Measured on 2026-11-21 with empty caches: 1.7 GB of compiled packages, 1.5 GB of modules, the engine itself.
NEEDED_BYTES = 3_500_000_000
ASK_SECONDS = 60.0
FETCH_SECONDS = 1800.0
BUILD_SECONDS = 3600.0  # it takes six minutes on two cores
_ANSWERS = ("GOVERSION", "GOTOOLCHAIN", "GOHOSTOS", "GOHOSTARCH", "GOCACHE", "GOMODCACHE")
_DIRECTIVE = re.compile(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", re.MULTILINE)
_GO_VERSION = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?")
_DOWNLOADING = "go: downloading "


@dataclass
class Count:
    """What the lines of `go` say about how far it is: modules fetched, packages listed or compiled."""

    modules: int = 0
    packages: int = 0
    errors: list[str] = field(default_factory=list)
    """Lines that are neither."""

    def line(self, text: str) -> None:
        """Take one line of output."""
        if text.startswith(_DOWNLOADING):
            self.modules += 1
        elif text and " " not in text:
            self.packages += 1
        elif text:
            self.errors.append(text)


def build_engine(folder: Path, environ: Mapping[str, str], report: Callable[[str], None]) -> None:
    """Build `folder`/engine/bin/pulumi. Raises ToolFailed."""
    go = shutil.which("go", path=environ.get("PATH", ""))
    if go is None:
        raise ToolFailed("go is not on PATH")
    module = folder / "module"
    binaries = folder / "engine" / "bin"
    module.mkdir()
    binaries.mkdir(parents=True)
    answers = _ask(go, environ, folder)
    require_go(answers["GOVERSION"], answers["GOTOOLCHAIN"])
    require_space(answers["GOCACHE"], answers["GOMODCACHE"], str(folder))
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(MODULE / name, module / name)
    builder = _Builder(go, module, _environment(environ, answers, folder), report)
    version = pinned(ENGINE_MODULE)
    report(f"building version {version} with {answers['GOVERSION']}: about six minutes, the first time")
    packages = builder.fetch()
    builder.compile(version, binaries / PROGRAM, packages)


def pinned(module: str) -> str:
    """The version of a module that go.mod requires, without the `v`."""
    text = (MODULE / "go.mod").read_text(encoding="utf-8")
    match = re.search(rf"^\s*{re.escape(module)} v(\S+)", text, re.MULTILINE)
    if match is None:
        raise ToolFailed(f"go.mod does not name {module}")
    return match[1]


def needed_go() -> str:
    """The oldest Go that builds the engine: `1.25.11`."""
    return ".".join(map(str, _numbers(_DIRECTIVE, (MODULE / "go.mod").read_text(encoding="utf-8"))))


def require_go(version: str, toolchain: str) -> None:
    """Raises ToolFailed when this Go is too old and may not fetch a newer one (its GOTOOLCHAIN says)."""
    if not _GO_VERSION.search(version):
        return  # built by somebody from a source of theirs; it refuses the module itself if it has to
    have = _numbers(_GO_VERSION, version)
    need = tuple(map(int, needed_go().split(".")))
    may_fetch = toolchain in ("auto", "path") or toolchain.endswith(("+auto", "+path"))
    if have < need and not may_fetch:
        raise ToolFailed(f"go is version {'.'.join(map(str, have))}, and {needed_go()} or newer is needed")


def require_space(*places: str) -> None:
    """Raises ToolFailed when the file system of one of these folders is nearly full."""
    for place in places:
        folder = next((one for one in (Path(place), *Path(place).parents) if one.is_dir()), Path("/"))
        free = shutil.disk_usage(folder).free
        if free < NEEDED_BYTES:
            raise ToolFailed(
                f"{folder} has {free / 1000**3:.1f} GB free, and {NEEDED_BYTES / 1000**3:.1f} GB are needed"
            )


@dataclass(frozen=True)
class _Builder:
    """`go` with everything that its commands share."""

    go: str
    module: Path
    environ: Mapping[str, str]
    report: Callable[[str], None]

    def fetch(self) -> int:
        """Fetch the modules and return of how many packages the engine consists."""
        count = Count()
        self._run(
            count,
            ["list", "-deps", ENGINE_PACKAGE],
            FETCH_SECONDS,
            lambda: f"fetching modules: {count.modules} until now",
        )
        return count.packages

    def compile(self, version: str, binary: Path, packages: int) -> None:
        """Compile and link the engine, which then says that it is this version."""
        count = Count()
        flags = f"-s -w -X {VERSION_VARIABLE}=v{version}"
        self._run(
            count,
            [
                "build",
                "-v",
                "-trimpath",
                "-buildvcs=false",
                "-ldflags",
                flags,
                "-o",
                str(binary),
                ENGINE_PACKAGE,
            ],
            BUILD_SECONDS,
            lambda: f"compiling: {count.packages} of {packages} packages",
        )

    def _run(
        self, count: Count, arguments: list[str], limit_seconds: float, progress: Callable[[], str]
    ) -> None:
        name = f"go {arguments[0]}"
        task = Task(
            name=name,
            arguments=[self.go, *arguments],
            folder=self.module,
            environ=self.environ,
            limit_seconds=limit_seconds,
            on_line=count.line,
            on_tick=lambda seconds: self.report(f"{progress()}, {seconds:.0f} seconds"),
        )
        try:
            run_tool(task)
        except ToolFailed:
            if count.errors:  # without the names of what was fetched and compiled before
                raise ToolFailed(f"{name} failed{shown(count.errors)}") from None
            raise


def _ask(go: str, environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Go's own settings, asked outside every module, where it uses no other version of itself."""
    try:
        answered = subprocess.run(
            [go, "env", "-json", *_ANSWERS],
            cwd=folder,
            env=without_secrets(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ASK_SECONDS,
            check=True,
        )
        answers = json.loads(answered.stdout)
        return {name: str(answers.get(name, "")) for name in _ANSWERS}
    except (OSError, subprocess.SubprocessError, ValueError, AttributeError):
        raise ToolFailed("go does not work: `go env` gives no answer") from None


def _environment(environ: Mapping[str, str], answers: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The user's settings that say from where modules come, and ours where a setting changes the build."""
    temporary = folder / "temporary"
    temporary.mkdir()
    return {
        **without_secrets(environ),
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
        "GO111MODULE": "on",
        "GOOS": answers["GOHOSTOS"],
        "GOARCH": answers["GOHOSTARCH"],
        "CGO_ENABLED": "0",  # no compiler of C is needed
        "GOTMPDIR": str(temporary),  # so that nothing is left of a build that was killed
    }


def _numbers(pattern: re.Pattern[str], text: str) -> tuple[int, ...]:
    match = pattern.search(text)
    return tuple(int(number or 0) for number in match.groups()) if match else (0, 0, 0)
