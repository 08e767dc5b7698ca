"""What was found on a machine: settings with the place that sets each, findings, and the diagnosis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from keyplan.doctor.variables import is_on, kind_of
from keyplan.secret_value import SecretValue


class Source(Enum):
    """The kind of place that sets something; the value is its name in `--format json`."""

    ENVIRONMENT = "environment"
    MANAGED = "managed settings"
    LOCAL = "local settings"
    PROJECT = "project settings"
    USER = "user settings"
    PROFILE = "shell profile"
    DIRENV = "direnv"
    DOTENV = "dotenv"
    DEVCONTAINER = "devcontainer"
    LOGIN = "login"


@dataclass(frozen=True)
class FileText:
    """A file of the machine: its text, or why it could not be read.

    `path` is as it is shown to the person; `problem` is a fixed phrase, such as `cannot be read`.
    """

    source: Source
    path: str
    text: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class Setting:
    """One thing that is set: a variable, or `apiKeyHelper`, `model` or `login`.

    `literal` is False where the text is worked out only when it is used: `$(…)`, `$NAME`, `${localEnv:…}`.
    """

    name: str
    value: SecretValue
    source: Source
    file: str | None = None
    line: int | None = None
    literal: bool = True

    @property
    def is_set(self) -> bool:
        """Whether clients take it for set: an empty variable counts as none."""
        return self.value.reveal() != ""

    @property
    def is_blank(self) -> bool:
        """Whether it has nothing but white space."""
        return not self.value.reveal().strip()

    @property
    def is_on(self) -> bool:
        """Whether it switches a provider on."""
        return is_on(self.value.reveal())

    @property
    def kind(self) -> str:
        """What kind of credential its text is; `unknown` where that is worked out later."""
        return kind_of(self.value.reveal()) if self.literal else "unknown"

    def is_known(self, form: re.Pattern[str]) -> bool:
        """Whether its text is, as a whole, of a form that is public."""
        return form.fullmatch(self.value.reveal().strip()) is not None

    @property
    def place(self) -> str:
        """`~/.zshrc:12`, a file without a line, or `the environment`."""
        if self.file is None:
            return "the environment"
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Finding:
    """Something to act on. `code` is stable; `message` never has a value."""

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Named:
    """A setting without its value: its name, the kind of credential in it, and each place that sets it."""

    name: str
    kind: str
    places: tuple[Setting, ...]


@dataclass(frozen=True)
class Choice:
    """What a client would use (None: nothing that can be seen), why, and what loses, in its order."""

    uses: Named | None
    why: str
    loses: tuple[Named, ...]


@dataclass(frozen=True)
class Diagnosis:
    """The answer: `unset` and `remove` lead back to a machine where a login is used."""

    claude_code: Choice
    sdk: Choice
    findings: tuple[Finding, ...]
    unset: tuple[str, ...]
    remove: tuple[Setting, ...]
