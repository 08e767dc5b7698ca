"""The programs that read dotenv files, each run for real: python-dotenv, Node, dotenv for Node and sh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dotenv

NODE = shutil.which("node")
# A folder that holds `dotenv` for Node, made by `npm install dotenv`: tests themselves fetch nothing.
NODE_DOTENV_VARIABLE = "KEYPLAN_TEST_NODE_MODULES"
NODE_DOTENV = os.environ.get(NODE_DOTENV_VARIABLE)  # read at import: tests start with a cleared environment


def by_python(path: Path) -> dict[str, str | None]:
    """python-dotenv, which also replaces `${NAME}`, as load_dotenv does."""
    return dict(dotenv.dotenv_values(path, interpolate=True))


def by_sh(path: Path, names: list[str]) -> dict[str, str | None]:
    """`set -a; . FILE`, then the environment that a child gets."""
    script = 'set -a; . "$1"; exec "$2" -c "$3"'
    printer = "import json, os; print(json.dumps({k: v for k, v in os.environ.items()}))"
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(path), sys.executable, printer],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
        check=True,
    )
    found = json.loads(done.stdout)
    return {name: found.get(name) for name in names}


def has_node_parser() -> bool:
    """Whether Node is here with its own dotenv parser (util.parseEnv, since 20.12)."""
    if NODE is None:
        return False
    probe = "process.exit(typeof require('util').parseEnv === 'function' ? 0 : 1)"
    return subprocess.run([NODE, "-e", probe], check=False).returncode == 0


def by_node(path: Path) -> dict[str, str]:
    """Node's own parser, which `node --env-file` uses."""
    return _run_node(
        "require('util').parseEnv(require('fs').readFileSync(process.argv[1], 'utf8'))", path, None
    )


def by_node_dotenv(path: Path) -> dict[str, str]:
    """The npm package dotenv."""
    parse = "require('dotenv').parse(require('fs').readFileSync(process.argv[1], 'utf8'))"
    return _run_node(parse, path, NODE_DOTENV)


def _run_node(expression: str, path: Path, modules: str | None) -> dict[str, str]:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", f"process.stdout.write(JSON.stringify({expression}))", str(path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PATH": os.environ["PATH"], **({"NODE_PATH": modules} if modules else {})},
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found
