"""CircleCI's step for a consumer with branches: the second token, and the filter that the trust has too."""

from __future__ import annotations

import fnmatch
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring_gcp import conftest as on_gcp

SCHEMA = json.loads(
    (Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "circle-ci.json").read_text()
)
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ORIGIN = "github.com/example/changelog"


def text_for(manifest: Manifest, *branches: str, name: str = "changelog") -> str:
    entry = manifest.consumers[name]
    more = {"repository": ORIGIN, "branches": list(branches)} if branches else {}
    changed = replace(entry, settings={**entry.settings, **more})
    return wire(replace(manifest, consumers={name: changed}), name, "circleci")


def filter_of(manifest: Manifest, *branches: str) -> list[str]:
    """What the workflow's job is filtered by, after CircleCI's schema was asked."""
    found: dict[str, Any] = yaml.safe_load(text_for(manifest, *branches))
    jsonschema.validators.validator_for(SCHEMA)(SCHEMA).validate(found)
    [job] = found["workflows"]["changelog"]["jobs"]
    return list(job["changelog"]["filters"]["branches"]["only"])


def runs(filters: list[str], branch: str) -> bool:
    """Whether CircleCI runs the job. A text between slashes is a regular expression of the whole name.

    Source: CircleCI Docs, "Configuration reference", branches.
    """
    return any(
        re.fullmatch(each[1:-1], branch) is not None
        if len(each) > 1 and each.startswith("/") and each.endswith("/")
        else each == branch
        for each in filters
    )


def test_a_consumer_with_branches_shows_the_token_that_names_them(manifest: Manifest) -> None:
    for found, name in ((manifest, "changelog"), (on_gcp.example(), "docs")):
        assert 'token="$CIRCLE_OIDC_TOKEN_V2"\n' in text_for(found, "main", name=name)
        assert 'token="$CIRCLE_OIDC_TOKEN"\n' in text_for(found, name=name)


def test_the_filter_is_the_trusts_and_says_that_forks_are_kept_out(manifest: Manifest) -> None:
    assert filter_of(manifest, "main", "release/*") == ["main", "/release\\/.*/"]
    words = " ".join(text_for(manifest, "main").replace("# ", "").split())
    assert "a fork's job names the fork" in words
    assert "Whoever can push to these branches can read: protect them." in words
    assert filter_of(manifest) == ["main"]
    assert "the trust accepts every branch of the project" in " ".join(
        text_for(manifest).replace("# ", "").split()
    )


@given(
    pattern=st.text("ab/.-+$\"'#()|*", min_size=1, max_size=8).filter(lambda text: not text.startswith("/")),
    other=st.text("ab/.$", max_size=8),
)
@MANY
def test_a_branch_is_matched_as_a_whole_and_only_a_star_is_a_wildcard(
    manifest: Manifest, pattern: str, other: str
) -> None:
    found = filter_of(manifest, pattern)
    assert runs(found, pattern.replace("*", "b/a"))
    assert runs(found, other) == fnmatch.fnmatchcase(other, pattern)


def test_a_branch_never_becomes_what_circleci_would_evaluate(manifest: Manifest) -> None:
    assert "<<" not in text_for(manifest, "<<main>>")
    assert runs(filter_of(manifest, "<<main>>"), "<<main>>")
