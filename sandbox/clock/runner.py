"""Run one Lambda function's handler, one event a line; a program of its own, in a process of its own.

It gets the function's directory and its handler (`package/module.name`) as arguments, and for each line of
standard input, a JSON event, writes a line: {"error": null} or the name of an exception's type. What the
handler prints goes to standard error. It imports nothing of the sandbox: the function must find what it would
find at AWS, its own code and boto3.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any


def main() -> None:
    """Load the handler, say that it is ready, and serve until standard input ends."""
    directory, handler_name = sys.argv[1:]
    # Descriptor 1 is kept for answers; whatever the function prints, at any level, goes where errors go.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, directory)
    _reuse_clients()
    for line in sys.stdin:
        print(json.dumps({"error": _run(handler_name, json.loads(line))}), file=answers, flush=True)


def _run(handler_name: str, event: dict[str, Any]) -> str | None:
    module_name, _, function_name = handler_name.replace("/", ".").rpartition(".")
    try:
        handler = getattr(importlib.import_module(module_name), function_name)
        json.dumps(handler(event, None))
    except Exception as error:
        traceback.print_exc()
        return type(error).__name__
    return None


def _reuse_clients() -> None:
    """Make boto3.client give the same client for the same arguments: Lambda's process would live on as well,
    and building three clients for each replayed day takes longer than everything else."""
    import boto3

    library: Any = boto3
    clients: dict[str, Any] = {}
    build = library.client

    def client(service: str, *arguments: Any, **named: Any) -> Any:
        config = named.get("config")
        options = sorted(vars(config).items(), key=str) if config is not None else []
        others = sorted((name, value) for name, value in named.items() if name != "config")
        key = repr((service, arguments, options, others))
        if key not in clients:
            clients[key] = build(service, *arguments, **named)
        return clients[key]

    library.client = client


if __name__ == "__main__":
    main()
