"""Gets Pulumi's engine with Pulumi's own installer, through the SDK that is installed here.

The installer is a script that the SDK fetches from Pulumi and runs (`PulumiCommand.install` of its automation
API). It takes the release of the SDK's own version, so program, engine and language host fit. Neither
~/.pulumi nor a shell's profile is touched: the script gets a folder to install to, and a home of its own.

This module is also the process in which that happens (`python -m sandbox.pulumi_cli.installer`): the SDK sets
no limits of time, and a process can be ended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# What PulumiCommand.install fetches first on every system but Windows.
SCRIPT_ADDRESS = "https://get.pulumi.com/install.sh"
CONNECT_SECONDS = 10.0
REACH_SECONDS = 15.0  # with the lookup of the name, which has no limit of its own
INSTALL_SECONDS = 900.0  # about 150 MB
REACH, INSTALL = "reach", "install"


def install_engine(folder: Path, environ: Mapping[str, str], report: Callable[[str], None]) -> None:
    """Install to `folder`/engine, so that `folder`/engine/bin/pulumi exists. Raises ToolFailed."""
    from sandbox.pulumi_cli.tool_process import Task, ToolFailed, run_tool, without_secrets

    home = folder / "home"
    home.mkdir()
    environment = {**without_secrets(environ), "PYTHONPATH": str(PROJECT), "TMPDIR": str(folder)}
    python = [sys.executable, "-P", "-m", __name__]

    def task(step: str, limit_seconds: float) -> Task:
        return Task(
            name="the installer",
            arguments=[*python, step, str(folder / "engine"), str(home)],
            folder=folder,
            environ=environment,
            limit_seconds=limit_seconds,
            on_line=lambda line: None,
            on_tick=lambda seconds: report(f"the installer is at work: {seconds:.0f} seconds"),
        )

    try:
        run_tool(task(REACH, REACH_SECONDS))
    except ToolFailed:
        raise ToolFailed("it cannot be reached from this machine") from None
    report("downloading the engine with Pulumi's own installer")
    run_tool(task(INSTALL, INSTALL_SECONDS))


def _reach() -> None:
    """End with a failure when Pulumi's address gives no answer."""
    import urllib.request

    request = urllib.request.Request(SCRIPT_ADDRESS, method="HEAD")
    urllib.request.urlopen(request, timeout=CONNECT_SECONDS).close()  # noqa: S310


def _install(root: str, home: str) -> None:
    import socket
    import subprocess

    from pulumi.automation import PulumiCommand

    socket.setdefaulttimeout(CONNECT_SECONDS)
    # After the import, which may need the user's own folder of packages.
    os.environ.update(HOME=home, PULUMI_HOME=home)
    try:
        PulumiCommand.install(root=root)
    except subprocess.CalledProcessError as error:
        sys.stderr.write((error.output or b"").decode("utf-8", "replace"))
        sys.exit(1)
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}\n")
        sys.exit(1)


def _main(step: str, root: str, home: str) -> None:
    if step == REACH:
        try:
            _reach()
        except OSError:
            sys.exit(1)
    else:
        _install(root, home)


if __name__ == "__main__":
    _main(*sys.argv[1:])
