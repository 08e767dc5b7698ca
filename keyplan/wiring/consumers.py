"""What every target asks of a manifest: the keys of a consumer, its role and its settings, each checked.

A manifest may come from a file that somebody edited, so nothing is taken on trust: a setting has the type
that its target needs, and no two variables of one consumer share a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from keyplan.claude_code import usable
from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.vendors import anthropic, gateway

REFERENCE_SUFFIX = "_SECRET_ARN"  # ANTHROPIC_API_KEY_SECRET_ARN: where the program finds ANTHROPIC_API_KEY
FILE_SUFFIX = "_FILE"  # ANTHROPIC_API_KEY_FILE: likewise, where it is a file
MOUNT_FOLDER = "/secrets"
USUAL_VARIABLES = (anthropic.DEFAULT_ENV_VAR, gateway.DEFAULT_ENV_VAR)  # of Claude's clients


def keys_of(manifest: Manifest, consumer: ManifestConsumer) -> tuple[ManifestKey, ...]:
    """The consumer's keys, in its own order.

    Raises:
        ManifestError: a key that the manifest does not have, or two variables of one name.
    """
    missing = [name for name in consumer.keys if name not in manifest.keys]
    if missing:
        raise ManifestError(f"the consumer {consumer.name} reads a key that the manifest lacks: {missing[0]}")
    keys = tuple(manifest.keys[name] for name in consumer.keys)
    require_distinct(consumer, [*consumer.env, *(key.env_var for key in keys)])
    return keys


def claude_key(keys: Sequence[ManifestKey]) -> tuple[list[str], ManifestKey | None]:
    """The keys that Claude's clients can use, and the one that they get: the only one, or of several the only
    one in its usual variable; None where that leaves none or several.
    """
    names = usable([(key.name, key.vendor, key.env_var, key.base_url) for key in keys])
    found = [key for key in keys if key.name in names]
    if len(found) > 1:
        found = [key for key in found if key.env_var in USUAL_VARIABLES]
    return names, found[0] if len(found) == 1 else None


def plain_variables(consumer: ManifestConsumer) -> dict[str, str]:
    """The variables that hold no key, by name: the order must not depend on how a manifest travelled.

    Raises:
        UsageError: a value that is no text in UTF-8, which JSON lets into a manifest and no target can hold.
    """
    for name, value in consumer.env.items():
        if any(0xD800 <= ord(character) < 0xE000 for character in value):
            raise refused(consumer, name, "it is not text that UTF-8 can hold")
    return dict(sorted(consumer.env.items()))


def plain_of(consumer: ManifestConsumer) -> dict[str, str]:
    """The same, for a place that gives them to a process.

    Raises:
        UsageError: a value that no process can have in its environment.
    """
    variables = plain_variables(consumer)
    for name, value in variables.items():
        if "\0" in value:
            raise refused(consumer, name, "a NUL character cannot be in an environment variable")
    return variables


def file_paths(consumer: ManifestConsumer, paths: Mapping[str, str]) -> dict[str, str]:
    """For a program that reads files: `ANTHROPIC_API_KEY_FILE` -> the path; `paths` is by variable.

    Raises:
        ManifestError: a plain variable in such a place.
    """
    found = {f"{variable}{FILE_SUFFIX}": path for variable, path in paths.items()}
    require_distinct(consumer, [*consumer.env, *found])
    return found


def references(consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> dict[str, str]:
    """For a program that reads by itself: `ANTHROPIC_API_KEY_SECRET_ARN` -> the secret's full ARN.

    The stored object's field has the variable's own name, so that the ARN is all that a program needs.

    Raises:
        ManifestError: a field of another name, or a plain variable in the reference's place.
    """
    for key in keys:
        if key.on_aws().json_key != key.env_var:
            raise ManifestError(
                f"the key {key.name} is stored in a field that is not called {key.env_var}: "
                f"{key.env_var}{REFERENCE_SUFFIX} could not say which"
            )
    found = {f"{key.env_var}{REFERENCE_SUFFIX}": key.on_aws().arn for key in keys}
    require_distinct(consumer, [*consumer.env, *found])
    return found


def require_distinct(consumer: ManifestConsumer, names: list[str]) -> None:
    """Raise ManifestError when two variables of a consumer have one name: one would silently win."""
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ManifestError(f"the consumer {consumer.name} has two variables of the name {twice[0]}")


def role_of(consumer: ManifestConsumer) -> str:
    """The ARN of the role that reads.

    Raises:
        ManifestError: the manifest names none.
    """
    if consumer.role_arn is None:
        raise ManifestError(
            f"the consumer {consumer.name} has no role in the manifest, and {consumer.runtime} needs one",
            "run `pulumi up` or `make sandbox` again: they write a manifest that is right",
        )
    return consumer.role_arn


def text_setting(consumer: ManifestConsumer, name: str) -> str | None:
    """A setting that is text, or None where it is absent.

    Raises:
        ManifestError: it is something else.
    """
    value = consumer.settings.get(name)
    if value is not None and not (isinstance(value, str) and value.isprintable() and value):
        raise ManifestError(f"consumers.{consumer.name}.settings.{name}: expected one line of text")
    return value


def list_setting(consumer: ManifestConsumer, name: str) -> tuple[str, ...]:
    """A setting that is a list of texts; empty where it is absent.

    Raises:
        ManifestError: it is something else.
    """
    value = consumer.settings.get(name) or ()
    if not isinstance(value, list | tuple) or not all(
        isinstance(entry, str) and entry and entry.isprintable() for entry in value
    ):
        raise ManifestError(f"consumers.{consumer.name}.settings.{name}: expected a list of texts")
    return tuple(value)


def refused(consumer: ManifestConsumer, variable: str, why: str) -> UsageError:
    """The error for a variable that a target cannot hold: names it, says why, and never shows its value."""
    return UsageError(
        f"the variable {variable} of {consumer.name} cannot be written: {why}",
        f"change consumers.{consumer.name}.env in the environment's configuration",
    )


def subject(consumer: ManifestConsumer) -> str:
    """What a heading speaks of: its keys, or itself where its route needs none."""
    return f"Keys of {consumer.name}" if consumer.keys else f"The route of {consumer.name}"


def admission(consumer: ManifestConsumer) -> str:
    """Who lets a CI's job do what, once it has proved who it is; for a sentence."""
    if consumer.route == "federation" and not consumer.keys:
        return "the federation rule lets it in"
    where = "Google Cloud" if consumer.cloud == "gcp" else "the role"
    return f"{where} lets it {'read' if consumer.keys else 'call models'}"
