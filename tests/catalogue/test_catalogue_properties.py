"""Whatever a configuration holds, the checks end with a catalogue or with a list of mistakes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from keyplan.catalogue import Catalogue, Runtime
from keyplan.checks import parse_catalogue
from keyplan.checks.config import JSON_FIELDS, catalogue_from_config
from keyplan.checks.consumers import RUNTIMES
from keyplan.checks.environment_fields import FIELDS
from keyplan.checks.files import load_catalogue, raw_config
from keyplan.checks.gcp import GCP_FIELDS
from keyplan.checks.keys import FIELDS as KEY_FIELDS
from keyplan.checks.vendors import Vendor
from keyplan.durations import Duration
from keyplan.environ import base_url_variable
from keyplan.errors import CatalogueError

TOP = [field.name for field in FIELDS]
NESTED = [field.name for field in KEY_FIELDS] + [f.name for kind in RUNTIMES.values() for f in kind.fields]
GCP_NAMES = [field.name for field in GCP_FIELDS]
NAMES = st.sampled_from([*TOP, *NESTED, "runtime", "env", "route", "key", "secure", "<<", "a", "x-1"])

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**30, max_value=10**31)
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(
        [
            *map(str, Runtime),
            "anthropic",
            "generic",
            "gateway",
            "90d",
            "*",
            "a@example.com",
            "eu-west-1",
            "(",
            "direct",
        ]
    )
    | st.sampled_from(["anthropic-admin", "https://a.example", "wrkspc_1", "x-api-key", "OPENAI_API_KEY"])
    | st.sampled_from(["aws", "gcp", "europe-west1", "group:a@example.com", "example-prod", "projects/x"])
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | scalars, inner, max_size=5),
    max_leaves=30,
)
configurations = st.dictionaries(st.sampled_from(TOP) | st.text(max_size=8), trees, max_size=8)


def outcome(read: Callable[[], Catalogue]) -> Catalogue | None:
    """The catalogue, or None for a refusal that names at least one mistake, each on one line."""
    try:
        return read()
    except CatalogueError as error:
        refusal = error
    assert refusal.problems
    assert all(problem.found and problem.allowed for problem in refusal.problems)
    assert len(refusal.message.splitlines()) == 1 + len(refusal.problems)
    return None


@given(configurations, st.text(max_size=50))
def test_no_configuration_crashes_the_checks(values: dict[str, Any], environment: str) -> None:
    outcome(lambda: parse_catalogue(values, environment, region="eu-west-1"))


@given(st.dictionaries(st.sampled_from(TOP), st.text(max_size=60) | trees.map(repr), max_size=8))
def test_no_raw_text_from_pulumi_crashes_the_checks(raw: dict[str, str]) -> None:
    outcome(lambda: catalogue_from_config(raw.get, "prod"))


@given(trees)
def test_the_keys_of_an_otherwise_right_catalogue_may_be_anything(keys: Any) -> None:
    outcome(lambda: parse_catalogue({"owner": "a@example.com", "keys": keys}, "prod"))


@given(
    st.lists(
        st.fixed_dictionaries(
            {"vendor": st.sampled_from(list(Vendor))},
            optional={
                "envVar": st.sampled_from(
                    ["ANTHROPIC_API_KEY", "A_TOKEN", "A_API_KEY", "A_BASE_URL", "_TOKEN"]
                ),
                "baseUrl": st.sampled_from(["https://a.example", "https://b.example"]),
                "checkUrl": st.just("https://a.example"),
                "format": st.just("x+"),
            },
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([Runtime.ECS, Runtime.PEOPLE]),
    st.dictionaries(st.sampled_from(["ANTHROPIC_BASE_URL", "A_BASE_URL"]), st.just("https://a.example")),
)
def test_no_consumer_of_a_right_catalogue_sends_a_key_to_the_gateway_of_another(
    keys: list[dict[str, str]], runtime: Runtime, env: dict[str, str]
) -> None:
    names = {f"k{number}": {**key, "vendor": str(key["vendor"])} for number, key in enumerate(keys)}
    consumer = {"runtime": str(runtime), "keys": list(names), "env": env}
    catalogue = outcome(
        lambda: parse_catalogue(
            {"owner": "a@example.com", "keys": names, "consumers": {"c": consumer}}, "prod"
        )
    )
    if catalogue is None:
        return
    plain = catalogue.plain_variables_of(catalogue.consumers["c"])
    for key in catalogue.keys.values():
        assert runtime is Runtime.PEOPLE or key.vendor != Vendor.ANTHROPIC_ADMIN
        assert key.env_var not in plain
        decides = base_url_variable(key.env_var)
        if key.vendor == Vendor.GATEWAY:
            assert plain[decides] == key.base_url
        elif key.vendor != Vendor.GENERIC:
            gateways = {each.base_url for each in catalogue.keys.values() if each.vendor == Vendor.GATEWAY}
            assert plain.get("ANTHROPIC_BASE_URL") not in gateways or "ANTHROPIC_BASE_URL" in env


@given(trees, st.lists(st.sampled_from(["aws", "gcp", "x"]), max_size=3) | scalars)
def test_what_is_said_of_google_cloud_may_be_anything(gcp: Any, clouds: Any) -> None:
    keys = {"a": {"vendor": "anthropic"}}
    outcome(
        lambda: parse_catalogue(
            {"owner": "a@example.com", "keys": keys, "clouds": clouds, "gcp": gcp}, "prod"
        )
    )


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(GCP_NAMES, trees)),
)
def test_the_fields_of_google_cloud_may_be_anything(gcp: dict[str, Any]) -> None:
    values = {"owner": "a@example.com", "keys": {"a": {"vendor": "anthropic"}}, "clouds": ["gcp"], "gcp": gcp}
    outcome(lambda: parse_catalogue(values, "prod"))


@given(trees, st.sampled_from(list(Runtime)), st.sampled_from([["aws"], ["gcp"], ["gcp", "aws"]]))
def test_a_consumer_of_an_otherwise_right_catalogue_may_be_anything(
    fields: Any, runtime: Runtime, clouds: list[str]
) -> None:
    consumer = {"runtime": str(runtime), "keys": ["a"], **(fields if isinstance(fields, dict) else {})}
    keys = {"a": {"vendor": "anthropic"}}
    values = {"owner": "a@example.com", "clouds": clouds, "keys": keys, "consumers": {"c": consumer}}
    outcome(lambda: parse_catalogue(values, "prod"))


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: ("config:\n " + text).encode("utf-8", "replace"))
)
def test_no_file_crashes_the_checks(tmp_path_factory: Any, text: bytes) -> None:
    directory: Path = tmp_path_factory.mktemp("project")
    (directory / "Pulumi.yaml").write_text("name: keyplan\nruntime: python\n")
    (directory / "Pulumi.prod.yaml").write_bytes(text)
    outcome(lambda: load_catalogue(directory, "prod"))


declarations = st.dictionaries(
    st.sampled_from(["type", "items", "default", "value", "secure"]),
    st.sampled_from(["string", "array", "object", "boolean", "integer", "keyplan"]) | trees,
    max_size=4,
)


@given(st.dictionaries(NAMES, declarations | trees, max_size=4) | trees)
def test_no_project_file_crashes_the_checks(tmp_path_factory: Any, config: Any) -> None:
    directory: Path = tmp_path_factory.mktemp("project")
    (directory / "Pulumi.yaml").write_text(
        yaml.safe_dump({"name": "keyplan", "config": config}, allow_unicode=True)
    )
    (directory / "Pulumi.prod.yaml").write_text("config: {aws:region: eu-west-1}\n")
    outcome(lambda: load_catalogue(directory, "prod"))
    try:
        raw = raw_config(directory, "prod")
    except CatalogueError:
        return
    assert all(isinstance(text, str) for text in raw.values())


names = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
durations = st.integers(min_value=15, max_value=999).map(lambda days: f"{days}d")
keys = st.fixed_dictionaries(
    {"vendor": st.just("anthropic")},
    optional={
        "rotateEvery": durations,
        "owner": st.just("b@example.com"),
        "lockdown": st.just(False),
    },
)
people = {"runtime": "people"}
CONSUMERS: dict[str, list[dict[str, Any]]] = {
    "aws": [{"runtime": "lambda"}, {"runtime": "ec2"}, {**people, "cloud": "aws"}],
    "gcp": [
        {"runtime": "cloud-run"},
        {"runtime": "gke", "namespace": "web", "serviceAccount": "chat"},
        {**people, "cloud": "gcp", "members": ["group:ml@example.com"]},
    ],
}
PROVIDERS = {
    "aws": {"aws:region": "eu-west-1"},
    "gcp": {"gcp:project": "example-prod", "gcp:region": "europe-west1"},
}


@given(
    st.dictionaries(names, keys, min_size=1, max_size=4),
    st.dictionaries(names.filter(lambda name: not name.startswith("keyplan")), st.integers(0, 9), max_size=4),
    st.booleans(),
    st.sampled_from([["aws"], ["gcp"], ["aws", "gcp"], ["gcp", "aws"]]),
)
def test_right_files_give_the_same_catalogue_on_both_roads(
    tmp_path_factory: Any, keys: dict[str, Any], readers: dict[str, int], protect: bool, clouds: list[str]
) -> None:
    order = sorted(keys)
    kinds = [kind for cloud in clouds for kind in CONSUMERS[cloud]]
    consumers = {
        name: {**kinds[index % len(kinds)], "keys": [order[index % len(order)]]}
        for name, index in readers.items()
    }
    values = {
        "clouds": clouds,
        "owner": "a@example.com",
        "keys": keys,
        "consumers": consumers,
        "protect": protect,
    }
    providers = {name: text for cloud in clouds for name, text in PROVIDERS[cloud].items()}
    directory: Path = tmp_path_factory.mktemp("project")
    (directory / "Pulumi.yaml").write_text("name: keyplan\nruntime: python\n")
    stack = {"config": {**providers, **{f"keyplan:{name}": value for name, value in values.items()}}}
    (directory / "Pulumi.prod.yaml").write_text(yaml.safe_dump(stack))
    raw = raw_config(directory, "prod")
    catalogue = load_catalogue(directory, "prod")
    from_pulumi = catalogue_from_config(
        lambda name: raw.get(f"keyplan:{name}"),
        "prod",
        gcp={name: raw.get(name) for name in PROVIDERS["gcp"]},
    )
    assert catalogue == from_pulumi
    assert (catalogue.gcp is not None) == ("gcp" in clouds)
    for name, index in readers.items():
        assert catalogue.consumers[name].cloud == clouds[index % len(kinds) // 3]
    assert list(catalogue.keys) == order
    for name, key in keys.items():
        assert catalogue.keys[name].rotate_every == Duration.parse(key.get("rotateEvery", "90d"))


def test_the_fields_that_arrive_as_json_are_those_with_parts() -> None:
    with_parts = {field.name for field in FIELDS if field.type.startswith(("list", "mapping"))}
    assert with_parts == JSON_FIELDS
    assert all(json.dumps(field.default) for field in FIELDS)
