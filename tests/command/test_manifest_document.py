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

from keyplan import catalogue, vendors
from keyplan.catalogue import Runtime
from keyplan.errors import ManifestError, UsageError
from keyplan.json_shape import check_object
from keyplan.manifest import Manifest
from keyplan.manifest_document import check, parse
from keyplan.manifest_rules import (
    AWS_RUNTIMES,
    CLOUDS,
    DOCUMENT,
    GCP_RUNTIMES,
    KEYLESS_ROUTES,
    ROUTES,
    RUNTIMES,
)
from keyplan.manifest_vendors import VENDORS as MANIFEST_VENDORS
from keyplan.routes import KEYLESS, Route
from tests.command.environments import (
    ACCOUNT,
    GCP_PROJECT,
    PROJECT,
    PROJECT_NUMBER,
    REGION,
    manifest_document,
    on_both_clouds,
)

SCHEMA = json.loads((PROJECT / "docs" / "manifest.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:dev/anthropic-api-key-AbCdEf"
RIGHT = manifest_document("dev", "http://127.0.0.1:5000", {"anthropic": ARN})
BOTH = {**on_both_clouds(RIGHT, "http://127.0.0.1:5001"), "firstCloud": "gcp"}
# A key of each vendor, with all that it can have, and a consumer of the gateway.
VENDORS = copy.deepcopy(RIGHT)
VENDORS["vendorEndpoints"] = {"anthropic": "http://127.0.0.1:5002"}
for vendor, variable, fields in (
    ("anthropic-admin", "ANTHROPIC_ADMIN_API_KEY", {"organization": "1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f"}),
    ("gateway", "ANTHROPIC_AUTH_TOKEN", {"baseUrl": "https://llm.example.com:8443/anthropic"}),
    ("generic", "OPENROUTER_API_KEY", {"checkUrl": "https://a.example/v1/key", "checkHeader": "x-api-key"}),
):
    VENDORS["keys"][vendor] = copy.deepcopy(RIGHT["keys"]["anthropic"])
    VENDORS["keys"][vendor].update(vendor=vendor, envVar=variable, **fields)
VENDORS["keys"]["anthropic"].update(
    organization="1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f", workspace="wrkspc_01JwExample"
)
VENDORS["consumers"]["evals"].update(
    keys=["gateway"], env={"ANTHROPIC_BASE_URL": "https://llm.example.com:8443/anthropic"}
)
GCP_ONLY = copy.deepcopy(BOTH)
for entry in (GCP_ONLY["clouds"], *GCP_ONLY["keys"].values()):
    del entry["aws"]
GCP_ONLY["consumers"] = {name: one for name, one in BOTH["consumers"].items() if "cloud" in one}

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


BETWEEN_VENDORS: dict[str, tuple[Change, list[str]]] = {
    "a gateway without its address": (
        lambda document: (document["keys"]["gateway"].pop("baseUrl"), document["consumers"].pop("evals")),
        ["keys.gateway.baseUrl: it is missing, and the key's vendor is gateway"],
    ),
    "another address in a consumer's wiring than in the key": (
        lambda document: document["keys"]["gateway"].update(baseUrl="https://evil.example"),
        ["consumers.evals.env.ANTHROPIC_BASE_URL: expected the baseUrl of its gateway's key"],
    ),
    "a token without its address in the wiring": (
        lambda document: document["consumers"]["evals"].update(env={}),
        ["consumers.evals.env.ANTHROPIC_BASE_URL: expected the baseUrl of its gateway's key"],
    ),
    "fields of other vendors": (
        lambda document: (
            document["keys"]["anthropic"].update(baseUrl="https://evil.example"),
            document["keys"]["gateway"].update(workspace="wrkspc_1", checkUrl="https://evil.example"),
            document["keys"]["generic"].update(organization="1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f"),
        ),
        [
            "keys.anthropic.baseUrl: it is there, and the key's vendor is anthropic",
            "keys.gateway.workspace: it is there, and the key's vendor is gateway",
            "keys.gateway.checkUrl: it is there, and the key's vendor is gateway",
            "keys.generic.organization: it is there, and the key's vendor is generic",
            "consumers.chat-api.env.ANTHROPIC_BASE_URL: expected the baseUrl of its gateway's key",
        ],
    ),
    "a header for an address that is not there": (
        lambda document: document["keys"]["generic"].pop("checkUrl"),
        ["keys.generic.checkUrl: it is missing, and checkHeader is there"],
    ),
    "a sandbox's vendor beside a real cloud": (
        lambda document: document["clouds"]["aws"].update(endpoints={}),
        ["vendorEndpoints.anthropic: it is a sandbox's (http), and the clouds are not: use https"],
    ),
    "addresses of other forms": (
        lambda document: (
            document["keys"]["gateway"].update(baseUrl="https://user@llm.example.com"),
            document["keys"]["generic"].update(checkUrl="http://llm.example.com/x"),
            document["vendorEndpoints"].update(anthropic="https://a.example/path"),
        ),
        [
            "keys.gateway.baseUrl: expected https://HOST, with or without a path, without a slash at its "
            "end, a query or a user, of at most 256 characters",
            "keys.generic.checkUrl: plain http is for this machine only (127.0.0.1, [::1] or localhost): "
            "use https",
            "vendorEndpoints.anthropic: expected https://HOST, or http://127.0.0.1:PORT for a sandbox, "
            "without a path",
        ],
    ),
    "ids of other forms": (
        lambda document: document["keys"]["anthropic"].update(
            organization="1F0E4B1C-3A59-4E61-8C2D-1B2A3C4D5E6F", workspace="default"
        ),
        [
            "keys.anthropic.organization: expected a UUID in lower case",
            "keys.anthropic.workspace: expected the id of a workspace, as in `wrkspc_…`",
        ],
    ),
    "a field misspelt": (
        lambda document: document["keys"]["generic"].update(checkURL="https://a.example"),
        ["keys.generic.checkURL: there is no such field; did you mean checkUrl"],
    ),
    "a vendor that this keyplan does not know": (
        lambda document: document["keys"]["generic"].update(vendor="later", baseUrl="https://a.example"),
        [],
    ),
}
BETWEEN_CLOUDS: dict[str, tuple[Change, list[str]]] = {
    "no cloud at all": (
        lambda document: document.update(clouds={}),
        ["clouds: expected aws or gcp, or both"],
    ),
    "a cloud that does not exist": (
        lambda document: document["clouds"].update(gpc={}),
        ["clouds.gpc: there is no such field; did you mean gcp"],
    ),
    "a key that one cloud lacks": (
        lambda document: document["keys"]["anthropic"].pop("gcp"),
        ["keys.anthropic.gcp: it is missing, and gcp is one of the manifest's clouds"],
    ),
    "a key in a cloud that is none of the manifest's": (
        lambda document: (
            document["clouds"].pop("gcp"),
            document.pop("firstCloud"),
            document.update(consumers={}),
        ),
        ["keys.anthropic.gcp: it is there, and gcp is none of the manifest's clouds"],
    ),
    "a secret of another project": (
        lambda document: document["keys"]["anthropic"]["gcp"].update(
            resource="projects/other-project/secrets/dev-anthropic-api-key"
        ),
        [
            "keys.anthropic.gcp.resource: it is not the secret dev-anthropic-api-key in project "
            f"{GCP_PROJECT}, of this manifest"
        ],
    ),
    "a secret of another name": (
        lambda document: document["keys"]["anthropic"]["gcp"].update(name="dev-other"),
        [
            f"keys.anthropic.gcp.resource: it is not the secret dev-other in project {GCP_PROJECT}, "
            "of this manifest"
        ],
    ),
    "a project's number where its id belongs": (
        lambda document: document["clouds"]["gcp"].update(projectId=PROJECT_NUMBER),
        ["clouds.gcp.projectId: expected the id of a Google Cloud project, as in `example-prod`"],
    ),
    "a sandbox beside a real cloud": (
        lambda document: document["clouds"]["gcp"].update(endpoints={}),
        ["clouds: aws is a sandbox's and gcp is not: all or none can be"],
    ),
    "a real cloud beside a sandbox": (
        lambda document: document["clouds"]["aws"].update(endpoints={}),
        ["clouds: gcp is a sandbox's and aws is not: all or none can be"],
    ),
    "a sandbox and a real host in one cloud": (
        lambda document: document["clouds"]["gcp"]["endpoints"].update(sts="https://sts.googleapis.com"),
        ["clouds.gcp.endpoints: some are a sandbox's (http) and some are not: all or none can be"],
    ),
    "a first cloud that is none of the manifest's": (
        lambda document: (
            document["clouds"].pop("gcp"),
            document["keys"]["anthropic"].pop("gcp"),
            document.update(consumers={}),
        ),
        ["firstCloud: gcp is none of the manifest's clouds"],
    ),
    "a consumer of a cloud that is none of the manifest's": (
        lambda document: (document["clouds"].pop("aws"), document["keys"]["anthropic"].pop("aws")),
        [
            "consumers.chat-api.cloud: aws is none of the manifest's clouds",
            "consumers.evals.cloud: aws is none of the manifest's clouds",
        ],
    ),
    "a runtime of the other cloud": (
        lambda document: (
            document["consumers"]["evals"].update(runtime="gke"),
            document["consumers"]["research"].update(runtime="lambda"),
        ),
        [
            "consumers.evals.cloud: gke is not on aws",
            "consumers.research.cloud: lambda is not on gcp",
        ],
    ),
    "principals of the other cloud": (
        lambda document: (
            document["consumers"]["evals"].update(member="group:ml@example.com"),
            document["consumers"]["nightly"].update(
                roleArn=f"arn:aws:iam::{ACCOUNT}:role/x", policyArns=[f"arn:aws:iam::{ACCOUNT}:policy/x"]
            ),
        ),
        [
            "consumers.evals.member: it is there, and the consumer reads on aws",
            "consumers.nightly.roleArn: it is there, and the consumer reads on gcp",
            "consumers.nightly.policyArns: expected an empty list, because the consumer reads on gcp",
        ],
    ),
    "everybody as a reader": (
        lambda document: document["consumers"]["crawler"].update(member="allUsers"),
        [
            "consumers.crawler.member: expected an IAM member, as in "
            "`serviceAccount:NAME@PROJECT.iam.gserviceaccount.com` or `principalSet://…`"
        ],
    ),
    "a provider of another project": (
        lambda document: document["consumers"]["nightly"].update(
            workloadIdentityProvider=document["consumers"]["nightly"]["workloadIdentityProvider"].replace(
                PROJECT_NUMBER, "99"
            )
        ),
        [
            f"consumers.nightly.workloadIdentityProvider: it is not in project {PROJECT_NUMBER}, "
            "the manifest's own"
        ],
    ),
}


def changed(change: Change, right: dict[str, Any] = RIGHT) -> dict[str, Any]:
    document = copy.deepcopy(right)
    change(document)
    return document


@pytest.mark.parametrize(("change", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_each_mistake_is_said_with_its_path(change: Change, expected: list[str]) -> None:
    assert check(changed(change)) == expected


@pytest.mark.parametrize(("change", "expected"), BETWEEN_CLOUDS.values(), ids=BETWEEN_CLOUDS.keys())
def test_each_mistake_between_clouds_is_said_with_its_path(change: Change, expected: list[str]) -> None:
    assert check(changed(change, BOTH)) == expected


@pytest.mark.parametrize(("change", "expected"), BETWEEN_VENDORS.values(), ids=BETWEEN_VENDORS.keys())
def test_each_mistake_about_a_vendor_is_said_with_its_path(change: Change, expected: list[str]) -> None:
    assert check(changed(change, VENDORS)) == expected


def test_the_vendors_that_a_manifest_knows_are_those_that_there_are() -> None:
    assert set(MANIFEST_VENDORS) == set(vendors.VENDORS)


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


@pytest.mark.parametrize("document", [RIGHT, BOTH, GCP_ONLY, VENDORS], ids=["aws", "both", "gcp", "vendors"])
def test_what_is_read_from_each_cloud_is_what_was_written(document: dict[str, Any]) -> None:
    manifest = Manifest.from_json(document)
    written = manifest.to_json()
    assert written == document
    assert Manifest.from_json(written) == manifest


def test_a_consumer_without_a_cloud_reads_from_aws() -> None:
    consumers = Manifest.from_json(BOTH).consumers
    assert {name: consumer.cloud for name, consumer in consumers.items()} == {
        "chat-api": "aws",
        "crawler": "gcp",
        "evals": "aws",
        "nightly": "gcp",
        "research": "gcp",
    }


def test_what_is_asked_of_a_cloud_that_is_not_there_is_said_in_words() -> None:
    aws, gcp = Manifest.from_json(RIGHT), Manifest.from_json(GCP_ONLY)
    for ask, words in (
        (gcp.on_aws, "environment dev is not on AWS"),
        (aws.on_gcp, "environment dev is not on Google Cloud"),
        (gcp.keys["anthropic"].on_aws, "the key anthropic is not stored on AWS"),
        (aws.keys["anthropic"].on_gcp, "the key anthropic is not stored on Google Cloud"),
    ):
        with pytest.raises(UsageError, match=words):
            ask()


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


def test_the_runtimes_and_their_clouds_are_the_catalogues() -> None:
    assert set(RUNTIMES) == {runtime.value for runtime in Runtime}
    assert tuple(route.value for route in Route) == ROUTES
    assert set(KEYLESS_ROUTES) == {route.value for route in KEYLESS}
    assert set(AWS_RUNTIMES) == catalogue.AWS_RUNTIMES
    assert set(GCP_RUNTIMES) == catalogue.GCP_RUNTIMES
    assert tuple(catalogue.Cloud) == CLOUDS


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
