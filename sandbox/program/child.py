"""The process that the program runs in, with Pulumi's stock SDK. Run as a file; imports nothing of keyplan.

Standard input brings two lines of JSON: the run (process.Run), then the engine's addresses, so that the SDK
is imported while the engine starts. After that it stays open: when it ends, the engine is gone, and so is
this process. How the program ended is written to the file descriptor that the settings name.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import pathlib
import runpy
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# Registrations block their thread until the engine has answered.
THREADS = 32
ENGINE_GONE = 70
SIGNAL_STOPPED = 130
# The classes by which an error says that its words are meant for people, the product's own first: it may
# stand behind Pulumi's, and has a hint.
READABLE = (("keyplan.errors", "KeyplanError"), ("pulumi.errors", "RunError"))
TRACEBACK_CHARACTERS = 20_000


def main() -> int:
    """Run the program; 0 when it ended well."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A line is shown when it is printed, in whatever language.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    settings = json.loads(sys.stdin.readline())
    os.chdir(settings["directory"])
    sys.path[:0] = [settings["directory"]]
    main_file = os.path.join(settings["directory"], "__main__.py")
    sys.argv = [main_file]
    import pulumi.runtime

    addresses = json.loads(sys.stdin.readline())
    threading.Thread(target=_watch_engine, daemon=True).start()
    pulumi.runtime.set_all_config(settings["config"], settings["secret_config"])
    runtime = pulumi.runtime.Settings(
        monitor=addresses["monitor"],
        engine=addresses["engine"],
        project=settings["project"],
        stack=settings["stack"],
        parallel=THREADS,
        dry_run=settings["preview"],
        organization=settings["organization"],
        root_directory=settings["root"] or settings["directory"],
    )
    runtime.engine = Engine(runtime.engine)
    runtime.monitor = Monitor(runtime.monitor, main_file)
    pulumi.runtime.configure(runtime)
    try:
        asyncio.run(_run(main_file))
    except KeyboardInterrupt:
        return SIGNAL_STOPPED
    except SystemExit as stopped:
        if stopped.code in (None, 0):
            return 0
        _tell(settings["result"], {"message": f"the program ended itself with {stopped.code!r}"})
        return 1
    except BaseException as error:
        _tell(settings["result"], _described(error, settings["directory"]))
        return 1
    return 0


class Engine:
    """The engine's stub without debugging lines: the SDK makes one blocking call for each, six a resource."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub

    def Log(self, request: Any) -> None:  # noqa: N802 - gRPC's name
        """Send a line unless its severity is 0, debugging."""
        if request.severity:
            self._stub.Log(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stub, name)


class Monitor:
    """The monitor's stub, told of where a resource is declared only what the program has to do with it.

    The frames below the program are the same for every resource: this file, the SDK, asyncio. Pulumi's engine
    writes them into the state with each of them, and the whole state anew at each step.
    """

    def __init__(self, stub: Any, main_file: str) -> None:
        self._stub = stub
        self._main = pathlib.Path(main_file).as_uri()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        """Register a resource."""
        frames = request.stackTrace.frames  # the innermost first
        for number in reversed(range(len(frames))):
            if frames[number].pc.uri == self._main:
                del frames[number + 1 :]
                break
        return self._stub.RegisterResource(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stub, name)


async def _run(path: str) -> None:
    import logging

    from pulumi.runtime import run_in_stack

    # Tasks that a failed program leaves behind are not worth a line each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=THREADS))

    def program() -> None:
        runpy.run_path(path, run_name="__main__")

    await run_in_stack(program)


def _watch_engine() -> None:
    """Leave when the engine has: nothing can be registered without it."""
    if not sys.stdin.read():
        os._exit(ENGINE_GONE)


def _described(error: BaseException, directory: str) -> dict[str, Any]:
    causes = _causes(error)
    for readable in READABLE:
        for cause in causes:
            if readable in {(kind.__module__, kind.__name__) for kind in type(cause).__mro__}:
                return {
                    "message": getattr(cause, "message", str(cause)),
                    "hint": getattr(cause, "hint", None),
                    "exit_code": getattr(cause, "exit_code", None),
                }
    described = traceback.TracebackException.from_exception(error)
    _trim(described, directory)
    return {"traceback": "".join(described.format())[-TRACEBACK_CHARACTERS:]}


def _trim(described: traceback.TracebackException | None, directory: str) -> None:
    """Begin each traceback where the project's own code does; one that never gets there stays whole."""
    while described is not None:
        for number, frame in enumerate(described.stack):
            if _is_own(frame.filename, directory):
                del described.stack[:number]
                break
        else:
            if issubclass(described.exc_type or object, SyntaxError):
                described.stack.clear()  # it names the file and the line by itself
        described = described.__cause__ or described.__context__


def _is_own(filename: str, directory: str) -> bool:
    """Whether a file is the project's: the packages that it uses may lie in a folder of it."""
    within = filename.startswith(directory + os.sep) and filename != __file__
    return within and "site-packages" not in filename.removeprefix(directory).split(os.sep)


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes


def _tell(descriptor: int, result: dict[str, Any]) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(result, stream)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that wait for the engine must not hold this process back.
    os._exit(code)
