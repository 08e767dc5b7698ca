"""A made-up machine: its PATH, home and cache, with scripts that stand for `pulumi` and `go`.

The scripts name every program that they call by its path: nothing of the real machine's PATH is there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

VERSION = "3.259.0"
CLOSED_PROXY = "http://127.0.0.1:9"  # the port of the discard service, which nobody runs


def answering(text: str) -> str:
    """The body of a `pulumi` that prints this."""
    return f"echo '{text}'"


def write_script(path: Path, body: str, *, interpreter: str = "/bin/sh", mode: int = 0o755) -> Path:
    """An executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{interpreter}\n{body}\n", encoding="utf-8")
    path.chmod(mode)
    return path


@dataclass(frozen=True)
class Machine:
    """Everything below one folder."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def cache(self) -> Path:
        return self.home / ".cache" / "keyplan" / "engine"

    @property
    def on_path(self) -> Path:
        return self.root / "bin" / "pulumi"

    @property
    def installed(self) -> Path:
        return self.home / ".pulumi" / "bin" / "pulumi"

    @property
    def go_calls(self) -> list[str]:
        """The arguments of each call of the made-up `go`."""
        log = self.root / "go.log"
        return log.read_text().splitlines() if log.exists() else []

    def own_copy(self, version: str = VERSION) -> Path:
        return self.cache / f"v{version}" / "bin" / "pulumi"

    def environ(self, **more: str) -> dict[str, str]:
        """Its variables. The proxy keeps the installer from the network: it is refused at once."""
        return {
            "PATH": str(self.root / "bin"),
            "HOME": str(self.home),
            "https_proxy": CLOSED_PROXY,
            "HTTPS_PROXY": CLOSED_PROXY,
            **more,
        }

    def kept(self) -> list[str]:
        """What the cache has, but for the lock."""
        if not self.cache.is_dir():
            return []
        return sorted(path.name for path in self.cache.iterdir() if path.name != ".lock")

    def add_go(
        self,
        *,
        version: str = "go1.26.8",
        build: str = "",
        engine: str | None = None,
        toolchain: str = "local",
    ) -> None:
        """A `go` that builds a `pulumi`: `build` is what it does first, `engine` is what it makes."""
        answers = {
            "GOVERSION": version,
            "GOTOOLCHAIN": toolchain,
            "GOHOSTOS": "thisos",
            "GOHOSTARCH": "thisarch",
            "GOCACHE": str(self.root / "gocache"),
            "GOMODCACHE": str(self.root / "modules"),
        }
        made = self.root / "made"
        write_script(made, answering(f"v{VERSION}") if engine is None else engine)
        write_script(
            self.root / "bin" / "go",
            f"""
echo "$@" >> {self.root}/go.log
/usr/bin/env > {self.root}/go.environ
case "$1 $2" in
  "env -json") echo '{json.dumps(answers)}' ;;
  "list -deps") echo "go: downloading example.com/module v1.0.0" >&2; echo fmt; echo example.com/module ;;
  "build -v")
    echo fmt >&2
    {build}
    while [ "$1" != -o ]; do shift; done
    /bin/cp {made} "$2" ;;
esac""",
        )

    def go_environ(self) -> dict[str, str]:
        """The variables of the last call of `go`."""
        lines = (self.root / "go.environ").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)
