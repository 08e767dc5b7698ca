"""An environment whose key `anthropic` is of a vendor that is there, and commands that act on it.

The commands run in the process of the test. Such environments are made by the conftests of the folders.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from typing import Any

from keyplan import cli
from keyplan.secret_value import SecretValue
from sandbox.vendor_server import VendorKey, VendorServer, VendorWorld
from tests.command.environments import Environment
from tests.command_gcp.google import Google


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Home:
    """The environment, the vendor's organization, and Google Cloud where the environment is there too."""

    environment: Environment
    world: VendorWorld
    google: Google | None

    def new_key(self, name: str = "a-key") -> str:
        """A key that the vendor takes."""
        return self.world.create_key(name).value

    def put(self, value: str, key: str = "anthropic") -> None:
        done = self.run("put", key, given=value)
        assert done.returncode == 0, done.stderr

    def rotate(self, value: str = "", *more: str) -> Done:
        return self.run("rotate", "anthropic", *more, given=value)

    def deactivate(self, value: str) -> None:
        self.world.change(self.key_of(value).id, status="inactive")

    def key_of(self, value: str) -> VendorKey:
        """A value's entry in the vendor's list."""
        found = self.world.known(value)
        assert found is not None
        return found

    def is_alive(self, value: str) -> bool:
        """Whether the vendor still takes it."""
        return self.world.is_alive(self.key_of(value))

    def served(self) -> list[str | None]:
        """What readers get: on AWS, on Google Cloud. None: what stands in a value's place, or nothing."""
        found: list[str | None] = []
        if "aws" in self.environment.document["clouds"]:
            try:
                found.append(self.environment.stored("anthropic").get("ANTHROPIC_API_KEY"))
            except self.environment.secrets.exceptions.ResourceNotFoundException:
                found.append(None)
        if self.google is not None:
            secret = self.google.secret(f"{self.environment.name}-anthropic-api-key")
            number = secret.shown().get("versionAliases", {}).get("current")
            found.append(None if number is None else secret.versions[int(number) - 1].payload.decode())
        return found

    def history(self) -> Any:
        return self.json("history", "anthropic")

    def stages(self) -> list[dict[str, str]]:
        """In each store: stage -> fingerprint."""
        return [
            {each["stage"]: each["fingerprint"] for each in cloud["versions"] if each["stage"]}
            for cloud in self.history()["clouds"]
        ]

    def run(self, verb: str, *more: str, given: str = "") -> Done:
        """Run `keyplan VERB …` in the environment's folder; in this process, which saves loading it anew."""
        argv = [verb, "--manifest", str(self.environment.manifest_file), *more]
        out, told = io.StringIO(), io.StringIO()
        before = sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()))
        try:
            with (
                contextlib.chdir(self.environment.directory),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(told),
            ):
                code = cli.run(argv)
        finally:
            sys.stdin = before
        return Done(code, out.getvalue(), told.getvalue())

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        """What a command prints for machines."""
        done = self.run(*arguments, "--format", "json")
        assert done.returncode == exit_code, done.stderr + done.stdout
        return json.loads(done.stdout)


def mark(value: str) -> str:
    """A value's fingerprint."""
    return SecretValue(value).fingerprint()


def with_vendor(environment: Environment, server: VendorServer) -> None:
    """Let the manifest name the vendor."""
    environment.document["vendorEndpoints"] = {"anthropic": server.url}
    environment.save()
