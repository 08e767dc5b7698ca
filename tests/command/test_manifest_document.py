"""What a manifest may hold, and that every mistake of one is said, with its place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.catalogue import Runtime
from keyplan.errors import ManifestError
from keyplan.manifest import Manifest
from keyplan.manifest_document import RUNTIMES, check, parse
from tests.command.environments import ACCOUNT, PROJECT, REGION, manifest_document

SCHEMA = json.loads((PROJECT / "docs" / "manifest.schema.json").read_text())
ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:dev/anthropic-api-key-AbCdEf"
RIGHT = manifest_document("dev", "http://127.0.0.1:5000", {"anthropic": ARN})

Change = Callable[[dict[str, Any]], object]
MISTAKES: dict[str, tuple[Change, list[str]]] = {
    "a field that does not exist": (
        lambda document: document.update(ownr="x"),
        ["ownr: there is no such field; did you mean owner"],
    ),
    "a field that is missing": (lambda document: document.pop("owner"), ["owner: it is missing"]),
    "two at once, in the order of the document": (
        lambda document: (
            document.update(environment=3),
            document["keys"]["anthropic"].update(grace="7 days"),
        ),
        [
            "environment: expected a name of letters, digits, `-`, `_` and `.`; found a number",
            "keys.anthropic.grace: expected a whole number and h, d or w, as in `90d`",
        ],
    ),
    "a key that no one has": (
        lambda document: document["consumers"]["evals"].update(keys=["antropic"]),
        ["consumers.evals.keys: there is no key antropic; did you mean anthropic"],
    ),
    "a secret of another account": (
        lambda document: document["keys"]["anthropic"]["aws"].update(arn=ARN.replace(ACCOUNT, "9" * 12)),
        [
            f"keys.anthropic.aws.arn: it is not the secret dev/anthropic-api-key in account {ACCOUNT}, "
            f"region {REGION}, of this manifest"
        ],
    ),
    "a secret of another name": (
        lambda document: document["keys"]["anthropic"]["aws"].update(name="dev/other"),
        [
            f"keys.anthropic.aws.arn: it is not the secret dev/other in account {ACCOUNT}, "
            f"region {REGION}, of this manifest"
        ],
    ),
    "plain http to another machine": (
        lambda document: document["clouds"]["aws"].update(endpoints={"sts": "http://10.0.0.1"}),
        [
            "clouds.aws.endpoints.sts: plain http is for this machine only (127.0.0.1, [::1] or localhost): "
            "use https"
        ],
    ),
    "a sandbox beside a real cloud": (
        lambda document: document["clouds"]["aws"]["endpoints"].update(
            sts="https://sts.eu-west-1.amazonaws.com"
        ),
        ["clouds.aws.endpoints: some are a sandbox's (http) and some are not: all or none can be"],
    ),
    "a list where an object belongs": (
        lambda document: document.update(keys=[]),
        ["keys: expected an object; found a list"],
    ),
    "a runtime that does not exist": (
        lambda document: document["consumers"]["evals"].update(runtime="cron"),
        [f"consumers.evals.runtime: expected one of {', '.join(RUNTIMES)}"],
    ),
    "a regular expression that is none": (
        lambda document: document["keys"]["anthropic"].update(format="("),
        ["keys.anthropic.format: it is not a regular expression that Python accepts"],
    ),
    "a value where a name belongs is not repeated": (
        lambda document: document["consumers"]["evals"]["env"].update({"sk-ant-whatever": "x"}),
        [
            "consumers.evals.env: the field (a name of 15 characters) is not the name of an environment "
            "variable"
        ],
    ),
}


def changed(change: Change) -> dict[str, Any]:
    document = copy.deepcopy(RIGHT)
    change(document)
    return document


@pytest.mark.parametrize(("change", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_each_mistake_is_said_with_its_path(change: Change, expected: list[str]) -> None:
    assert check(changed(change)) == expected


def test_one_error_has_all_mistakes_and_what_to_do() -> None:
    with pytest.raises(ManifestError) as caught:
        Manifest.from_json(changed(lambda document: document.update(ownr="x", keyz={})))
    assert caught.value.message == (
        "the document has 2 mistakes:\n"
        "  ownr: there is no such field; did you mean owner\n"
        "  keyz: there is no such field; did you mean keys"
    )
    assert caught.value.hint == "run `make sandbox` or `pulumi up` again: they write a manifest that is right"


def test_what_is_read_is_what_was_written() -> None:
    document = changed(lambda document: document["keys"]["anthropic"].update(format="sk-[a-z]+"))
    document["consumers"]["evals"].pop("roleArn")
    assert Manifest.from_json(document).to_json() == document


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "a colon too few": (
            '{\n  "format" "x"\n}',
            "m.json, line 2 column 12: it is not valid JSON (expecting ':' delimiter)",
        ),
        "a tab inside a text": (
            '{"format": "\t"}',
            "m.json, line 1 column 13: it is not valid JSON (invalid control character)",
        ),
        "an end too early": ('{"format": ', "m.json, line 1 column 12: it is not valid JSON"),
        "a field twice": (
            '{"format": "x", "format": "y"}',
            "m.json: the field format is there twice in one object",
        ),
        "not a number": ('{"format": NaN}', "m.json: NaN and Infinity are not JSON"),
        "nested without end": ("[" * 100_000, "m.json: it is nested too deeply"),
    }.values(),
)
def test_text_that_is_not_json_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(text, "m.json")
    assert words in caught.value.message


@pytest.mark.parametrize("document", [None, [], "text", 3, {}, {"format": 1}, {"format": "other/1"}])
def test_something_else_than_a_manifest_is_told_as_that(document: object) -> None:
    with pytest.raises(ManifestError, match="the document is not a manifest"):
        check(document)


@pytest.mark.parametrize("version", ["2", "10", "9" * 40])
def test_a_newer_manifest_says_which_keyplan_it_needs(version: str) -> None:
    with pytest.raises(ManifestError) as caught:
        check({"format": f"keyplan-manifest/{version}"})
    assert f"it needs a keyplan that reads keyplan-manifest/{version[:9]}" in caught.value.message
    assert caught.value.hint == "pip install --upgrade keyplan"


def test_the_runtimes_are_the_catalogues() -> None:
    assert set(RUNTIMES) == {runtime.value for runtime in Runtime}


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(found for name, entry in entries for found in paths(entry, (*path, name)))]


# Python's `$` also matches before a last line end, which JSON Schema's does not.
TEXT = st.text(max_size=8).filter(lambda text: not text.endswith("\n"))
JSON_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXT, st.just([]), st.just({}), st.just({"x": 1}),
    st.sampled_from(["90d", "http://127.0.0.1:1", "http://h", "https://h/", "https://h:00/x", "arn:aws:x"]),
)  # fmt: skip


@given(path=st.sampled_from(paths(RIGHT)[1:]), new=JSON_VALUES, remove=st.booleans())
def test_the_published_schema_and_the_code_accept_the_same_shapes(
    path: tuple[Any, ...], new: Any, remove: bool
) -> None:
    document = copy.deepcopy(RIGHT)
    owner: Any = document
    for step in path[:-1]:
        owner = owner[step]
    if remove:
        del owner[path[-1]]
    else:
        owner[path[-1]] = new
    by_schema = not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(document))
    try:
        mistakes = check(document)
    except ManifestError:
        mistakes = ["not a manifest"]
    # What refers to something elsewhere in the document is beyond a schema.
    shape_mistakes = [
        mistake
        for mistake in mistakes
        if "there is no key" not in mistake
        and "it is not the secret" not in mistake
        and "all or none" not in mistake
    ]
    assert by_schema == (not shape_mistakes)


@given(name=TEXT, place=st.sampled_from(["keys", "consumers"]))
def test_the_published_schema_and_the_code_accept_the_same_names(name: str, place: str) -> None:
    document = copy.deepcopy(RIGHT)
    document[place][name] = next(iter(RIGHT[place].values()))
    by_schema = not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(document))
    assert by_schema == (not check(document))


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
