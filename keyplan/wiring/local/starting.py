"""What the targets for one machine share: the command that starts a program with its keys, and leftovers.

The command names the manifest and the consumer, so that the folder in which somebody works decides nothing;
the file is where the settings of Claude Code look for it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from keyplan.environ import ANTHROPIC_BASE_URL, base_url_variable
from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.vendors import anthropic, vendor_named
from keyplan.wiring.consumers import keys_of, plain_of, refused

FOLDER = ".config/keyplan"  # in a person's home
MANIFEST_VARIABLE = "KEYPLAN_MANIFEST"
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


@dataclass(frozen=True)
class Start:
    """What a target for one machine writes."""

    file: str  # the manifest's name in `FOLDER`: `prod.json`
    consumer: str
    keys: tuple[ManifestKey, ...]
    plain: dict[str, str]
    leftovers: tuple[str, ...]  # variables to take away, sorted

    def path(self, home: str) -> str:
        """Where the manifest is: `~/.config/keyplan/prod.json`."""
        return f"{home}/{FOLDER}/{self.file}"

    def command(self, program: str, manifest: str | None = None, end: str = "--") -> str:
        """`keyplan exec …` as a person types it, with the manifest and the end of options as given."""
        where = manifest or self.path("~")
        return f"keyplan exec --manifest {where} --consumer {self.consumer} {end} {program}"


def start_of(manifest: Manifest, consumer: ManifestConsumer) -> Start:
    """Everything that such a target needs of a consumer.

    Raises:
        UsageError: a plain variable that no process can have.
        ManifestError: a name that no command line can hold as it is, or a key that the manifest lacks.
    """
    require_plain_names(manifest, consumer)
    keys = keys_of(manifest, consumer)
    return Start(
        f"{manifest.environment}.json", consumer.name, keys, plain_of(consumer), _leftovers(consumer, keys)
    )


def require_plain_names(manifest: Manifest, consumer: ManifestConsumer) -> None:
    """Raise ManifestError for a name that a command line would read as something else."""
    for name in (manifest.environment, consumer.name):
        if not set(name) <= _PLAIN:
            raise ManifestError("the manifest has a name that is not letters, digits, `-`, `_` and `.`")


class Syntax(Protocol):
    """A writer of commands, as the modules of `keyplan.wiring.syntax` are: each gives lines."""

    def comment(self, text: str) -> str:
        """Words for a reader."""

    def unset(self, names: Iterable[str]) -> str:
        """Variables that are taken away."""

    def export(self, name: str, value: str) -> str:
        """A variable that programs get. Raises ValueError for a value that cannot be written."""


def beginning(consumer: ManifestConsumer, start: Start, heading: Iterable[str], syntax: Syntax) -> list[str]:
    """What a script begins with: words, leftovers that go, plain variables.

    Raises:
        UsageError: a plain variable that the syntax cannot hold.
    """
    lines = [syntax.comment("\n".join(heading))]
    if start.leftovers:
        lines += [
            syntax.comment("Each would win over the consumer's credential, or send it elsewhere."),
            syntax.unset(start.leftovers),
        ]
    return lines + each_plain(consumer, start.plain, syntax.export)


def each_plain(
    consumer: ManifestConsumer, plain: dict[str, str], write: Callable[[str, str], str]
) -> list[str]:
    """A line for each plain variable.

    Raises:
        UsageError: one that `write` refuses with a ValueError, whose text says why.
    """
    lines = []
    for name, value in plain.items():
        try:
            lines.append(write(name, value))
        except ValueError as error:
            raise refused(consumer, name, str(error)) from None
    return lines


def each_key(keys: Iterable[ManifestKey], cloud: str) -> str:
    """Words for a comment: which secret each variable comes from."""
    return "\n".join(
        f"{key.env_var} is the secret {key.on_gcp().name if cloud == 'gcp' else key.on_aws().name}."
        for key in keys
    )


def _leftovers(consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> tuple[str, ...]:
    """What would win over the consumer's credential, send it elsewhere, or be an old value of it."""
    found = set(anthropic.overrides_of_route(consumer.route))
    for key in keys:
        found.add(key.env_var)
        # Anthropic's own variables say nothing about a gateway that has others.
        if key.base_url is None or base_url_variable(key.env_var) == ANTHROPIC_BASE_URL:
            found.update(vendor_named(key.vendor).OVERRIDES)
    return tuple(sorted(found.difference(consumer.env)))
