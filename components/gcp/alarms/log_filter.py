"""Filters in the Logging query language. Pure.

Every text gets in through `quoted`, so that no address and no name can end a string and go on as a query.
Source: Cloud Logging, "Logging query language": strings in double quotes with backslash escapes, `=~` takes
RE2 (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterable

AUDIT_LOG = "cloudaudit.googleapis.com%2Fdata_access"


def quoted(text: str) -> str:
    """`text` as a string of the query language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def equals(field: str, text: str) -> str:
    """`field` is `text`, without regard to capitals."""
    return f"{field}={quoted(text)}"


def one_of(field: str, texts: Iterable[str]) -> str:
    """`field` is one of `texts`."""
    listed = sorted(set(texts))
    if len(listed) == 1:
        return equals(field, listed[0])
    return f"{field}=({' OR '.join(quoted(text) for text in listed)})"


def like(field: str, regex: str) -> str:
    """`field` matches `regex` somewhere."""
    return f"{field}=~{quoted(regex)}"


def both(terms: Iterable[str]) -> str:
    """All of the terms, one a line for whoever reads them."""
    return "\nAND ".join(terms)


def either(terms: Iterable[str]) -> str:
    """Any of the terms, in brackets where there are several."""
    listed = list(terms)
    return listed[0] if len(listed) == 1 else f"({' OR '.join(listed)})"
