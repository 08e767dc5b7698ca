"""A small project in a temporary folder, and runs of it through the engine."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.builtin import Change, Result, run_program

REGION = "eu-west-1"


@dataclass
class Stack:
    """One project, its state file and the cloud that it is run against."""

    folder: Path
    endpoints: str
    instance: str = "first"
    config: dict[str, str] = field(default_factory=dict)
    reported: list[Change] = field(default_factory=list)

    @property
    def state_file(self) -> Path:
        return self.folder / "state" / "state.json"

    def write(self, body: str) -> None:
        """Make `body` the program, after the imports that every program here needs."""
        (self.folder / "Pulumi.yaml").write_text("name: trial\nruntime: python\n")
        head = "import json\nimport pulumi\nimport pulumi_aws as aws\n"
        (self.folder / "__main__.py").write_text(head + textwrap.dedent(body))

    def run(self, mode: str = "up") -> Result:
        settings = {"aws:region": REGION, "aws:endpoints": self.endpoints, **self.config}
        self.reported = []
        return run_program(
            self.folder,
            "dev",
            settings,
            self.state_file,
            self.instance,
            mode,  # type: ignore[arg-type]
            self.reported.append,
        )

    def up(self, body: str | None = None) -> Result:
        if body is not None:
            self.write(body)
        return self.run()


def kinds(result: Result) -> dict[str, str]:
    """What happened to each resource, by its name in the program."""
    return {change.name: change.kind for change in result.changes}
