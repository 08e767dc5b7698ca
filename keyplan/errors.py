"""Every failure that keyplan tells a person about, and the exit code of each.

KeyplanError                    exit 3 unless a subclass says otherwise
├── UsageError                  2  the command line, a file or a value is wrong
│   ├── CatalogueError          2  one or more mistakes of a catalogue, all reported at once
│   ├── ManifestError           2  no manifest, a malformed one, or one of a newer version
│   └── ValueRejected           2  what was given cannot be the key's value
├── Findings                    1  the command worked and found something to act on
├── StoreError                  3  a store refused, or could not be reached
│   ├── AccessDenied            3  on the secret
│   ├── DecryptDenied           3  on the KMS key behind the secret
│   ├── SecretMissing           3  the container does not exist
│   ├── ValueMissing            3  the container exists and holds no value
│   ├── ValueRevoked            3  the value was shut because it had leaked, and no other is there yet
│   ├── PendingDeletion         3  the container is deleted and can be restored
│   └── Unreachable             3  no answer from the endpoint
├── VendorError                 3  a vendor refused its admin key, or gave no usable answer
├── Interrupted                 130  Ctrl-C
└── ChangedMeanwhile            4  somebody else changed the same thing first

Rules: `message` is lower case, names the thing and its environment, has no full stop when it is one
sentence, and never contains a value, an SDK's text or a repr of input; `hint` is the next command.
Classes are named for the state that was found, as callers tell them apart.
"""

# ruff: noqa: N818

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from keyplan.problem import Problem

EXIT_DONE = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_CHANGED = 4
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class KeyplanError(Exception):
    """A failure with words for a person: what was tried, on what, what was found, and what to do next."""

    exit_code = EXIT_REFUSED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(KeyplanError):
    """The command line, a file or a value is wrong; nothing was changed."""

    exit_code = EXIT_USAGE


class CatalogueError(UsageError):
    """An environment's configuration has mistakes; `problems` has all of them, in the file's order."""

    def __init__(self, environment: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = f"{len(self.problems)} mistake{'' if len(self.problems) == 1 else 's'}"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        # A stack's name is anybody's text until it has been checked.
        name = (
            environment if environment.replace("-", "a").isalnum() and len(environment) <= 60 else "a stack"
        )
        super().__init__(f"the configuration of {name} has {count}{lines}", "keyplan check")


class ManifestError(UsageError):
    """There is no manifest, it is malformed, or a newer keyplan wrote it."""


class ValueRejected(UsageError):
    """What was given cannot be this key's value. The message describes the mistake, never the value."""


class Findings(KeyplanError):
    """The command worked and found something that somebody must act on."""

    exit_code = EXIT_FINDINGS


class StoreError(KeyplanError):
    """A store refused the call or could not be reached."""


class AccessDenied(StoreError):
    """The caller may not do this to the secret."""


class DecryptDenied(StoreError):
    """The caller may read the secret and may not use the KMS key that encrypts it."""


class SecretMissing(StoreError):
    """The secret's container does not exist in this account and region."""


class ValueMissing(StoreError):
    """The container exists and nobody has put a value into it yet."""


class ValueRevoked(StoreError):
    """The value was revoked and nobody has stored another one yet."""


class PendingDeletion(StoreError):
    """The container is deleted; until its recovery window ends it can be restored."""


class Unreachable(StoreError):
    """The store's endpoint gave no answer."""


class VendorError(KeyplanError):
    """A vendor's Admin API gave no answer to work with.

    Args:
        kind: `refused` (the admin key, or what was asked), `limited` (too many requests) or `unreachable`
            (no answer, or none that makes sense).
    """

    def __init__(self, message: str, hint: str | None = None, kind: str = "unreachable") -> None:
        super().__init__(message, hint)
        self.kind = kind


class Interrupted(KeyplanError):
    """Ctrl-C, at a point where there is more to say than that: whether anything was stored."""

    exit_code = EXIT_INTERRUPTED

    def __init__(self, message: str, hint: str | None = None, *, at_prompt: bool = False) -> None:
        super().__init__(message, hint)
        self.at_prompt = at_prompt  # a person may have been asked, on a line that has not ended


class ChangedMeanwhile(KeyplanError):
    """Somebody else changed the same thing first; nothing was changed by this call."""

    exit_code = EXIT_CHANGED
