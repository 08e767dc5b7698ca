"""Branches, tags and addresses of repositories, as every CI provider's fields take them."""

from __future__ import annotations

import re

from keyplan.checks.fields import Field, Node, Record, list_of, text
from keyplan.checks.problems import Reported

_ANY = re.compile(r"[*/]*")


def ref_pattern(node: Node) -> str:
    """A branch or a tag, or a pattern with `*` that says something about its name.

    The characters are those that `git check-ref-format` allows; `?`, a wildcard in IAM, is not among them.
    """
    value = text(
        r"(?!refs/|/|-)(?!.*(?:\.\.|//|@\{))[^\x00-\x20\x7f~^:?\[\\${}]+(?<![/.])",
        "the name of a branch or a tag, or a pattern with `*`, without `refs/heads/`",
        lambda given: re.sub(r"^refs/(heads|tags)/", "", given.strip()),
        255,
    )(node)
    if _ANY.fullmatch(value):
        raise node.reject(
            "names or narrower patterns, as in `main` or `release/*`: "
            "with this one, anybody who may push could read the keys"
        )
    return value


def require_ref(node: Node, record: Record, names: tuple[str, ...]) -> None:
    """Without one of `names` a trust would let every branch and pull request in."""
    if record.sound(*names) and not any(record.get(name) for name in names):
        words = f"{', '.join(names[:-1])} or {names[-1]}"
        node.reject(
            f"at least one of {words}: without it every branch and pull request could read the keys",
            f"none of {', '.join(names)}",
        )
        raise Reported


def without_host(given: str) -> str:
    """`https://github.com/example/evals.git` -> `example/evals`."""
    path = re.sub(r"^(?:https?://|git@|ssh://git@)[^/:]+[/:]", "", given.strip())
    return path.removesuffix(".git").strip("/")


BRANCHES = Field(
    "branches",
    list_of(ref_pattern, "branches"),
    "list of branches",
    "branches whose runs may read; names, or patterns with `*`",
    "[main, release/*]",
    default=[],
)
TAGS = Field(
    "tags",
    list_of(ref_pattern, "tags"),
    "list of tags",
    "tags whose runs may read; names, or patterns with `*`",
    "[v*]",
    default=[],
)
UUID = text(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "a UUID in lower case, as the project's settings show it",
    lambda given: given.strip().lower(),
)
