"""The published schema of a manifest and the code accept the same."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import ManifestError
from keyplan.json_shape import check_object
from keyplan.manifest.checking import check
from keyplan.manifest.rules import (
    DOCUMENT,
)
from tests.command.manifest_documents import BOTH, GCP_ONLY, RIGHT, SCHEMA, VALIDATOR, VENDORS


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(found for name, entry in entries for found in paths(entry, (*path, name)))]


# Python's `$` also matches before a last line end, which JSON Schema's does not.
TEXT = st.text(max_size=8).filter(lambda text: not text.endswith("\n"))


JSON_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXT, st.just([]), st.just({}), st.just({"x": 1}),
    st.sampled_from(["90d", "http://127.0.0.1:1", "http://h", "https://h/", "https://h:00/x", "arn:aws:x"]),
    st.sampled_from(["https://h", "https://h/a..b", "https://h/../b", "wrkspc_1", "x-api-key", "gateway"]),
    st.sampled_from(["gcp", "gke", "europe-west1", "allUsers", "group:a@b.com", "projects/a/secrets/b"]),
)  # fmt: skip


def both_opinions(document: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the schema accepts its shape, and whether the code does."""
    shape_mistakes: list[str] = []
    check_object(document, "", DOCUMENT, shape_mistakes)
    return VALIDATOR.is_valid(document), not shape_mistakes


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize(
    ("right", "path"),
    [(right, path) for right in (BOTH, VENDORS) for path in paths(right) if path],
    ids=lambda given: str(given) if isinstance(given, tuple) else "in",
)
def test_the_published_schema_and_the_code_accept_the_same_near_misses(
    right: dict[str, Any], path: tuple[Any, ...]
) -> None:
    """Each field once left out, and each text with each of its separators once taken away or another one."""
    document = copy.deepcopy(right)
    *owner, last = path
    value = at(document, path)
    del at(document, tuple(owner))[last]
    by_schema, by_code = both_opinions(document)
    assert by_schema == by_code
    if not isinstance(value, str):
        return
    for place, character in enumerate(value):
        if not character.isalnum():
            for other in ("", "x"):
                document = copy.deepcopy(right)
                at(document, tuple(owner))[last] = value[:place] + other + value[place + 1 :]
                by_schema, by_code = both_opinions(document)
                assert by_schema == by_code, at(document, path)


@given(
    place=st.sampled_from([(right, path) for right in (BOTH, VENDORS) for path in paths(right)[1:]]),
    new=JSON_VALUES,
    remove=st.booleans(),
)
def test_the_published_schema_and_the_code_accept_the_same_shapes(
    place: tuple[dict[str, Any], tuple[Any, ...]], new: Any, remove: bool
) -> None:
    right, path = place
    document = copy.deepcopy(right)
    owner: Any = document
    for step in path[:-1]:
        owner = owner[step]
    if remove:
        del owner[path[-1]]
    else:
        owner[path[-1]] = new
    by_schema, by_code = both_opinions(document)
    assert by_schema == by_code


@given(name=TEXT, place=st.sampled_from(["keys", "consumers"]))
def test_the_published_schema_and_the_code_accept_the_same_names(name: str, place: str) -> None:
    document = copy.deepcopy(RIGHT)
    document[place][name] = next(iter(RIGHT[place].values()))
    assert VALIDATOR.is_valid(document) == (not check(document))


@pytest.mark.parametrize("document", [RIGHT, BOTH, GCP_ONLY, VENDORS], ids=["aws", "both", "gcp", "vendors"])
def test_the_published_schema_accepts_a_manifest_of_each_cloud(document: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors(document)) == []
    assert check(document) == []


def test_the_schema_is_itself_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@given(
    st.recursive(
        JSON_VALUES, lambda inner: st.dictionaries(st.text(max_size=6), inner, max_size=4), max_leaves=8
    )
)
def test_nothing_makes_the_check_fail_otherwise(document: Any) -> None:
    for candidate in (
        document,
        {"format": "keyplan-manifest/1", "keys": document, "consumers": {"x": document}},
    ):
        try:
            check(candidate)
        except ManifestError:
            continue
