"""The environment of a program that reads keys: plain data in, plain data out.

Owns which variables are set, that a gateway's token and its address are set as a pair, which keys cannot be
in one program, and what has to go because it would win over a key or send it elsewhere. Reads no environment
itself and starts nothing. Light to import, because `keyplan exec` waits for it.
"""

from __future__ import annotations

from keyplan.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import TypeAlias

    from keyplan.secret_value import SecretValue

    # A key's name, its vendor, its variable, and the address of its gateway, where it has one.
    Held: TypeAlias = tuple[str, str, str, str | None]


# Endings of the variables that credentials are in; what stands before says whose clients read them.
_ENDINGS = ("_AUTH_TOKEN", "_API_KEY", "_TOKEN", "_KEY")
# Anthropic's clients send every key of Anthropic's there, however the program came by it.
ANTHROPIC_BASE_URL = "ANTHROPIC_BASE_URL"
# A key that never goes to a gateway: an Admin API key's address is replaced by the same variable.
_OF_ANTHROPIC = ("anthropic", "anthropic-admin")


def base_url_variable(variable: str) -> str:
    """The variable with a gateway's address that pairs with the one of its token.

    `ANTHROPIC_AUTH_TOKEN` -> `ANTHROPIC_BASE_URL`, `OPENAI_API_KEY` -> `OPENAI_BASE_URL`.
    """
    ending = next((each for each in _ENDINGS if variable.endswith(each) and variable != each), "")
    return variable.removesuffix(ending) + "_BASE_URL"


def base_urls(keys: Iterable[Held]) -> dict[str, str]:
    """The addresses that a program needs beside the tokens of its gateways, by variable."""
    return {base_url_variable(variable): url for _, _, variable, url in keys if url is not None}


def sent_astray(keys: Sequence[Held]) -> list[tuple[str, str, str]]:
    """Keys that one program would send to the gateway of another.

    Returns:
        (the key, the gateway's key, the variable that sends it there) for each; two gateways that share a
        variable are told once.
    """
    found: list[tuple[str, str, str]] = []
    for index, (gateway, _, its_variable, url) in enumerate(keys):
        if url is None:
            continue
        decides = base_url_variable(its_variable)
        for other_index, (other, vendor, variable, other_url) in enumerate(keys):
            if (
                other == gateway
                or variable == its_variable
                or (other_url is not None and other_index > index)
            ):
                continue
            shares = base_url_variable(variable) == decides or variable == decides
            if shares or (decides == ANTHROPIC_BASE_URL and vendor in _OF_ANTHROPIC):
                found.append((other, gateway, decides))
    return found


def require_one_road(keys: Sequence[Held]) -> None:
    """Raise UsageError where a key would be sent to another key's gateway."""
    for key, gateway, variable in sent_astray(keys):
        raise UsageError(
            f"the keys {key} and {gateway} cannot be in one program: {variable} says where it sends both, so "
            f"{key} would go to the gateway of {gateway}",
            f"choose one with --only {key}, or a consumer's keys with --consumer NAME",
        )


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
