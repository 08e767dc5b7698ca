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
    EDITOR = "VS Code"
    LAUNCHER = "project launcher"
    AWS = "AWS configuration"
    ACTIVE_PROFILE = "Anthropic profile"
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
    """One thing that is set: a variable, or `apiKeyHelper`, `model`, an AWS profile's region, an active
    profile of Anthropic's or `login`.

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
    def is_zero(self) -> bool:
        """Whether it is a plain 0."""
        return self.value.reveal().strip() == "0"

    @property
    def kind(self) -> str:
        """What kind of credential its text is; `unknown` where that is worked out later."""
        return kind_of(self.value.reveal()) if self.literal else "unknown"

    def is_known(self, form: re.Pattern[str]) -> bool:
        """Whether its text is, as a whole, of a form that is public."""
        return self.public(form) is not None

    def public(self, form: re.Pattern[str]) -> str | None:
        """Its text where that is, as a whole, of a form that no credential has; else None."""
        match = form.fullmatch(self.value.reveal().strip())
        return None if match is None else match[0]

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


class State(Enum):
    """What came of asking a host for an answer; the value is its name in `--format json`."""

    REACHED = "reached"
    UNTRUSTED = "certificate not trusted"
    UNREACHED = "not reached"
    UNASKED = "not asked"


@dataclass(frozen=True)
class Answer:
    """What a host said to one client's way of asking it; nothing of a credential was sent.

    Args:
        client: `Claude Code` or `the SDKs`.
        host: as it is told: a public name, or `the host of VARIABLE in PLACE`.
        state: what came of it.
        words: why, for a sentence: `its name is not known here`.
        way: `through the proxy of VARIABLE in PLACE`, or nothing.
        ahead_seconds: by how much this machine's clock is ahead of the host's.
    """

    client: str
    host: str
    state: State
    words: str = ""
    way: str = ""
    ahead_seconds: float | None = None


class Kind(Enum):
    """What a file is that a route or a variable leads to; the value is its name in `--format json`."""

    LOGIN = "login of Claude Code"
    IDENTITY_TOKEN = "identity token"  # noqa: S105 - the name of a kind
    NAMED_PROFILE = "Anthropic profile"
    AWS_PROFILE = "AWS profile"
    AWS_LOGIN = "AWS login"
    GOOGLE_LOGIN = "Google login"
    AZURE_LOGIN = "Azure login"
    CERTIFICATES = "certificates"


@dataclass(frozen=True)
class Stored:
    """What is known of such a file: never what is in it, but for when it ends.

    Args:
        kind: what it is.
        place: as it is told to the person.
        cause: the setting that leads there, where there is one.
        problem: for a sentence: `is not there`; None where it can be used.
        expires_at: when it ends, in seconds since 1970.
        renews: whether the client gets a new one by itself.
    """

    kind: Kind
    place: str
    cause: Setting | None = None
    problem: str | None = None
    expires_at: float | None = None
    renews: bool = False


@dataclass(frozen=True)
class Evidence:
    """What was looked up after the settings were known.

    `now` is in seconds since 1970; without it nothing is said that hangs on the time. `trusted` is whether
    Claude Code was told to trust the project's folder; None where that is not known.
    """

    now: float | None = None
    settings: tuple[Setting, ...] = ()
    stored: tuple[Stored, ...] = ()
    answers: tuple[Answer, ...] = ()
    trusted: bool | None = None


@dataclass(frozen=True)
class Diagnosis:
    """The answer: `unset` and `remove` lead back to a machine where a login is used."""

    claude_code: Choice
    sdk: Choice
    findings: tuple[Finding, ...]
    unset: tuple[str, ...]
    remove: tuple[Setting, ...]
    answers: tuple[Answer, ...] = ()
    stored: tuple[Stored, ...] = ()
