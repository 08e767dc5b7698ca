"""Run one Cloud Run function, one request a line; a program of its own, in a process of its own.

It gets the function's directory and its entry point (`main.handle`) as arguments. For each line of standard
input, a JSON object with the request's headers, it writes a line: the name of an exception's type or null,
and what the function wrote to standard output, which is its log. It imports nothing of the sandbox: the
function must find what it would find at Google, its own code and a request like the functions framework's.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import traceback
from typing import IO, Any


def main() -> None:
    """Serve until standard input ends."""
    directory, entry_point = sys.argv[1:]
    # Descriptor 1 is kept for answers; what the function prints, at any level, goes to a file.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.path.insert(0, directory)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 1)
        for line in sys.stdin:
            error = _run(entry_point, json.loads(line)["headers"])
            answer = {"error": error, "lines": _lines(written)}
            print(json.dumps(answer), file=answers, flush=True)


def _run(entry_point: str, headers: dict[str, str]) -> str | None:
    from werkzeug.test import EnvironBuilder
    from werkzeug.wrappers import Request

    module_name, _, function_name = entry_point.rpartition(".")
    try:
        handler = getattr(importlib.import_module(module_name), function_name)
        handler(Request(EnvironBuilder(method="POST", headers=list(headers.items())).get_environ()))
    except Exception as error:
        traceback.print_exc()
        return type(error).__name__
    finally:
        sys.stdout.flush()
    return None


def _lines(written: IO[bytes]) -> list[str]:
    written.seek(0)
    lines: list[Any] = written.read().decode(errors="replace").splitlines()
    written.seek(0)
    written.truncate()
    return lines


if __name__ == "__main__":
    main()
