"""The dotenv target: a consumer's variables for a program on a developer's machine.

What is printed holds no value: the plain variables, and for each key the command that runs a program with it.
`render_with_values` is for the one place that may hold them, a private file (`keyplan.wiring.private_file`).
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.wiring.consumers import keys_of, plain_variables, refused
from keyplan.wiring.syntax.dotenv import assignment, comment

# The first line of a file with values: `keyplan wire` replaces only a file that starts with it.
MARKER = "# written by keyplan: holds the values of keys, so it stays on this machine and out of git"


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The lines without any value; a plain variable that no dotenv file can hold becomes a comment."""
    lines = [
        comment(
            f"Variables of {consumer.name} in {manifest.environment}; no value of a key is in here.\n"
            f"All of them at once: keyplan exec --consumer {consumer.name} -- PROGRAM"
        )
    ]
    for name, value in plain_variables(consumer).items():
        try:
            lines.append(assignment(name, value))
        except ValueError as error:
            lines.append(comment(f"{name} is left out: {error}"))
    # Without a consumer, `exec` reads on the first cloud, which is AWS where the environment is on both.
    where = "--cloud gcp " if consumer.cloud == "gcp" and manifest.aws is not None else ""
    for key in keys_of(manifest, consumer):
        lines.append(
            comment(
                f"{key.env_var} is the secret {_secret(consumer, key)}.\n"
                f"That key alone: keyplan exec {where}--only {key.name} -- PROGRAM"
            )
        )
    return "\n".join(lines) + "\n"


def _secret(consumer: ManifestConsumer, key: ManifestKey) -> str:
    return key.on_gcp().name if consumer.cloud == "gcp" else key.on_aws().name


def require_plain_variables(consumer: ManifestConsumer) -> None:
    """Raise UsageError for a plain variable that readers of dotenv files would not agree on."""
    _plain_assignments(consumer)


def render_with_values(
    manifest: Manifest, consumer: ManifestConsumer, values: Mapping[str, SecretValue]
) -> SecretValue:
    """The file's text with values in it, as one hidden value; `values` is by key name.

    Raises:
        UsageError: a variable or a value that readers of dotenv files would not agree on; never shows it.
    """
    lines = [MARKER, comment(f"{consumer.name} in {manifest.environment}")]
    lines += _plain_assignments(consumer)
    lines += [_value_assignment(key, values[key.name]) for key in keys_of(manifest, consumer)]
    return SecretValue("\n".join(lines) + "\n")


def _plain_assignments(consumer: ManifestConsumer) -> list[str]:
    lines = []
    for name, value in plain_variables(consumer).items():
        try:
            lines.append(assignment(name, value))
        except ValueError as error:
            raise refused(consumer, name, str(error)) from None
    return lines


def _value_assignment(key: ManifestKey, value: SecretValue) -> str:
    try:
        return assignment(key.env_var, value.reveal())
    except ValueError as error:
        raise UsageError(
            f"the value of {key.name} cannot be in a dotenv file: {error}",
            f"keyplan exec --only {key.name} -- PROGRAM",
        ) from None
