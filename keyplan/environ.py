"""The environment of a program that `keyplan exec` starts: plain data in, plain data out.

Owns which variables are set and which have to go because they would win over a key or send it elsewhere.
Reads no environment itself and starts nothing.
"""

from __future__ import annotations

from keyplan.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from keyplan.secret_value import SecretValue


def require_distinct(variables: Sequence[tuple[str, str]]) -> None:
    """Raise UsageError where two keys have one variable.

    Args:
        variables: (key's name, its variable) pairs.
    """
    owner_of: dict[str, str] = {}
    for key, variable in variables:
        other = owner_of.setdefault(variable, key)
        if other != key:
            raise UsageError(
                f"the keys {other} and {key} both have the variable {variable}: a program can have one only",
                f"choose one with --only {key}, or a consumer's keys with --consumer NAME",
            )


def merge(
    environ: Mapping[bytes, bytes],
    *,
    values: Mapping[str, SecretValue],
    plain: Mapping[str, str],
    overrides: Mapping[str, str],
    keep: Collection[str],
) -> tuple[dict[bytes, bytes], list[str]]:
    """The environment to start the program with.

    Args:
        environ: the caller's environment, as bytes: it need not be text.
        values: the keys' variables.
        plain: further variables, of the consumer; a key's variable wins over one of the same name.
        overrides: variables that would win over a key or send it elsewhere.
        keep: those of them to leave in place.

    Returns:
        The new environment, and the names of the variables that were removed, sorted. A variable that
        `values` or `plain` sets anew is not a leftover and not in that list.
    """
    merged = dict(environ)
    removed = [
        name for name in sorted(overrides) if name not in keep and merged.pop(name.encode(), None) is not None
    ]
    for name, text in plain.items():
        merged[name.encode()] = text.encode("utf-8", "surrogateescape")
    for name, value in values.items():
        merged[name.encode()] = value.reveal().encode()
    return merged, [name for name in removed if name not in plain and name not in values]
