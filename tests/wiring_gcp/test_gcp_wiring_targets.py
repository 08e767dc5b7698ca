"""Which target fits which consumer on Google Cloud, what happens when none does, and pinned versions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from keyplan.catalogue import CI_RUNTIMES, GCP_RUNTIMES
from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import GcpLocation, Manifest
from keyplan.wiring import (
    CLAUDE_ACTION,
    LAST_RESORT,
    PROGRAMS,
    TARGETS,
    local_targets,
    targets_for,
    wire,
    wire_all,
)
from tests.wiring.conftest import consumer as consumer_on_aws
from tests.wiring_gcp.conftest import NUMBER, POOLS, PROJECT, consumer, with_consumer

FITTING = {
    "batch": ("cloud-run", "cloud-run-volume", "dotenv"),
    "docs": ("circleci",),
    "evals": ("github-actions",),
    "images": ("cloud-build", "dotenv"),
    "invoices": ("bitbucket-pipelines",),
    "nightly": ("gitlab-ci",),
    "regression": ("azure-pipelines",),
    "summaries": ("jenkins",),
    "shop": ("pulumi-deployments",),
    "research": ("claude-code", "dotenv"),
    "samples": ("buildkite",),
    "search": ("gke", "gke-external-secrets", "dotenv"),
    "web": ("cloud-run", "cloud-run-volume", "dotenv"),
    "worker": ("compute-engine", "dotenv"),
}
# Those that say nothing about a pinned version.
UNCOMMENTED = {
    *{"compute-engine", "github-actions", "gke-external-secrets", "circleci", "buildkite"},
    *{"bitbucket-pipelines", "azure-pipelines", "jenkins", "pulumi-deployments"},
}
# Everything but what is for local work names versions.
NAMING = [
    (name, target)
    for name, targets in FITTING.items()
    for target in targets
    if TARGETS[target].names_versions
]


@pytest.fixture
def on_both(manifest: Manifest, aws_manifest: Manifest) -> Manifest:
    """The AWS environment of the other tests, in Google's project too."""
    keys = {name: replace(key, gcp=manifest.keys[name].gcp) for name, key in aws_manifest.keys.items()}
    consumers = {**aws_manifest.consumers, **manifest.consumers}
    return replace(aws_manifest, gcp=manifest.gcp, keys=keys, consumers=consumers)


def test_each_consumer_has_the_targets_of_its_runtime(manifest: Manifest) -> None:
    more = {"evals": (CLAUDE_ACTION,)}
    assert {name: set(targets_for(manifest, name)) - {LAST_RESORT} for name in manifest.consumers} == {
        name: {*targets, *local_targets() * ("dotenv" in targets), *more.get(name, ()), *PROGRAMS}
        for name, targets in FITTING.items()
    }
    last = {name for name in manifest.consumers if LAST_RESORT in targets_for(manifest, name)}
    assert {manifest.consumers[name].runtime for name in last} == TARGETS[LAST_RESORT].runtimes


def test_every_runtime_of_google_cloud_has_a_target_besides_dotenv() -> None:
    on_gcp = [target for target in TARGETS.values() if "gcp" in target.clouds]
    assert frozenset().union(*(target.runtimes for target in on_gcp if target.names_versions)) == (
        GCP_RUNTIMES | CI_RUNTIMES
    )
    assert TARGETS["dotenv"].runtimes >= GCP_RUNTIMES
    assert not TARGETS["dotenv"].runtimes & CI_RUNTIMES


def test_all_wiring_is_what_each_call_gives_alone(manifest: Manifest) -> None:
    found, failures = wire_all(manifest)
    assert failures == []
    assert found == {
        name: {target: wire(manifest, name, target) for target in targets}
        for name, targets in FITTING.items()
    }


def test_the_same_manifest_gives_the_same_bytes_however_it_travelled(manifest: Manifest) -> None:
    travelled = Manifest.from_json(json.loads(json.dumps(manifest.to_json(), sort_keys=True)))
    shuffled = replace(
        manifest,
        consumers={
            name: replace(entry, env=dict(reversed(entry.env.items())))
            for name, entry in reversed(manifest.consumers.items())
        },
    )
    assert wire_all(travelled)[0] == wire_all(shuffled)[0] == wire_all(manifest)[0]


def test_every_text_is_lines_of_ascii_that_end_in_one_line_break(manifest: Manifest) -> None:
    for texts in wire_all(manifest)[0].values():
        for text in texts.values():
            assert re.fullmatch(r"[\n -~]*[!-~]\n", text)


def test_every_text_names_every_key_of_its_consumer(manifest: Manifest) -> None:
    for name, texts in wire_all(manifest)[0].items():
        for target, text in texts.items():
            if target == "claude-code":  # is handed one key, by its name in the catalogue
                assert "--key anthropic" in text
                continue
            for key in manifest.consumers[name].keys:
                assert manifest.keys[key].env_var in text
                assert manifest.keys[key].on_gcp().name in text


def test_wiring_in_both_clouds_is_that_of_each(
    manifest: Manifest, aws_manifest: Manifest, on_both: Manifest
) -> None:
    """A consumer is wired to its own cloud, whatever else the environment has."""
    assert set(manifest.consumers) & set(aws_manifest.consumers) == {
        "batch",
        "evals",
        "invoices",
        "nightly",
        "regression",
        "research",
        "search",
        "shop",
        "summaries",
    }
    on_gcp = wire_all(manifest)[0]
    on_aws = {name: texts for name, texts in wire_all(aws_manifest)[0].items() if name not in on_gcp}
    in_both = wire_all(on_both)[0]
    for texts in in_both.values():
        if "dotenv" in texts:
            texts["dotenv"] = texts["dotenv"].replace("exec --cloud gcp --only", "exec --only")
        if "claude-code" in texts:
            texts["claude-code"] = texts["claude-code"].replace(" --cloud gcp", "")
    assert in_both == {**on_gcp, **on_aws}


def test_a_runner_that_reads_on_aws_gets_the_wiring_of_aws(aws_manifest: Manifest, on_both: Manifest) -> None:
    runner = aws_manifest.consumers["nightly"]
    assert runner.runtime == on_both.consumers["nightly"].runtime == "gitlab-ci"
    text = wire(replace(on_both, consumers={"nightly": runner}), "nightly", "gitlab-ci")
    assert "aws_secrets_manager" in text
    assert "gcp" not in text.lower()


def test_a_person_who_reads_on_aws_gets_the_names_of_aws(on_both: Manifest) -> None:
    people = consumer_on_aws("people", "people", role_arn=None, policy_arns=())
    found = wire(replace(on_both, consumers={"people": people}), "people", "dotenv")
    assert "the secret prod/anthropic-api-key." in found
    people = consumer("people", "people")
    found = wire(replace(on_both, consumers={"people": people}), "people", "dotenv")
    assert "the secret prod-anthropic-api-key." in found
    # Alone, the key would be read on the environment's first cloud.
    assert "keyplan exec --cloud gcp --only anthropic -- PROGRAM" in found


@pytest.mark.parametrize(
    ("name", "target", "message", "hint"),
    [
        (
            "web",
            "ecs",
            "web has the runtime cloud-run, and the target ecs is for ecs; "
            "what fits it: cloud-run, cloud-run-volume, dotenv",
            "keyplan wire cloud-run web",
        ),
        (
            "web",
            "gke",
            "web has the runtime cloud-run, and the target gke is for gke; "
            "what fits it: cloud-run, cloud-run-volume, dotenv",
            "keyplan wire cloud-run web",
        ),
        (
            "nightly",
            "dotenv",
            "nightly has the runtime gitlab-ci, and the target dotenv is for "
            "cloud-build, cloud-run, cloud-run-job, compute-engine, gke, people; what fits it: gitlab-ci",
            "keyplan wire gitlab-ci nightly",
        ),
        (
            "batch",
            "cloud-run-job",
            "there is no such target; did you mean cloud-run",
            "keyplan wire cloud-run batch",
        ),
        (
            "docs",
            "buildkite",
            "docs has the runtime circleci, and the target buildkite is for buildkite; "
            "what fits it: circleci",
            "keyplan wire circleci docs",
        ),
        (
            "web",
            "zzz",
            "there is no such target; what fits it: cloud-run, cloud-run-volume, dotenv",
            "keyplan wire cloud-run web",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(
    manifest: Manifest, name: str, target: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        wire(manifest, name, target)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_service_on_aws_is_refused_a_target_of_google_cloud(on_both: Manifest) -> None:
    with pytest.raises(UsageError) as caught:
        wire(on_both, "chat-api", "cloud-run")
    assert caught.value.message == (
        "chat-api has the runtime ecs, and the target cloud-run is for cloud-run, cloud-run-job; "
        "what fits it: ecs, dotenv"
    )


# Versions


@pytest.mark.parametrize(("name", "target"), NAMING)
def test_nobody_reads_the_latest_version(manifest: Manifest, name: str, target: str) -> None:
    """`latest` is a version that is not verified yet."""
    text = "\n".join(
        line for line in wire(manifest, name, target).splitlines() if "ubuntu-latest" not in line
    )
    assert "latest" not in text
    assert "current" in text


@pytest.mark.parametrize(("name", "target"), NAMING)
def test_a_pinned_key_has_its_number_and_the_others_follow_the_alias(
    manifest: Manifest, name: str, target: str
) -> None:
    both = with_consumer(manifest, name, keys=("anthropic", "openrouter"))
    # The 7 of a version number, `7.1`, is none.
    versions = re.compile(r"\b(current|7)\b(?!\.)")
    assert versions.findall(uncommented(wire(both, name, target))) == ["current", "current"]
    pinned = wire(both, name, target, {"openrouter": 7})
    assert versions.findall(uncommented(pinned)) == ["current", "7"]
    assert "inned" in pinned or target in UNCOMMENTED


def uncommented(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


@pytest.mark.parametrize(
    ("name", "target", "pins", "message"),
    [
        ("web", "cloud-run", {"antropic": 7}, "web reads no such key; did you mean anthropic"),
        ("batch", "cloud-run", {"openrouter": 7}, "batch reads no such key; there is anthropic"),
        (
            "web",
            "dotenv",
            {"anthropic": 7},
            "only a target of Google Cloud that names versions can pin one, "
            "and web gets no version from the target dotenv",
        ),
        (
            "chat-api",
            "ecs",
            {"anthropic": 7},
            "only a target of Google Cloud that names versions can pin one, and chat-api reads on AWS",
        ),
    ],
)
def test_a_pin_without_a_place_is_refused(
    on_both: Manifest, name: str, target: str, pins: Mapping[str, int], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        wire(on_both, name, target, pins)
    assert caught.value.message == message
    assert caught.value.hint == f"keyplan wire {target} {name}"


# What a manifest may lack


@pytest.mark.parametrize(("name", "target"), NAMING)
def test_a_consumer_without_its_identity_is_an_error(manifest: Manifest, name: str, target: str) -> None:
    broken = with_consumer(manifest, name, member=None, workload_identity_provider=None)
    with pytest.raises(ManifestError, match=f"the consumer {name} has no "):
        wire(broken, name, target)


@pytest.mark.parametrize(
    ("name", "target", "changes"),
    [
        ("web", "cloud-run", {"member": "user:ada@example.com"}),
        ("web", "cloud-run", {"member": "serviceAccount:p.svc.id.goog[ns/sa]"}),
        ("search", "gke", {"member": "serviceAccount:a@example-prod.iam.gserviceaccount.com"}),
        ("search", "gke", {"member": f"principal://iam.googleapis.com/{POOLS}/keyplan-prod/subject/x"}),
        ("evals", "github-actions", {"workload_identity_provider": f"{POOLS}/keyplan-prod"}),
    ],
)
def test_an_identity_of_another_kind_is_an_error(
    manifest: Manifest, name: str, target: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(ManifestError, match=f"the consumer {name} has no "):
        wire(with_consumer(manifest, name, **changes), name, target)


@pytest.mark.parametrize(("name", "target"), [*NAMING, ("web", "dotenv")])
def test_two_variables_of_one_name_are_an_error(manifest: Manifest, name: str, target: str) -> None:
    broken = with_consumer(manifest, name, env={"ANTHROPIC_API_KEY": "plain"})
    with pytest.raises(ManifestError, match="two variables of the name ANTHROPIC_API_KEY"):
        wire(broken, name, target)


@pytest.mark.parametrize(("name", "target"), [("web", "cloud-run-volume"), ("search", "gke")])
def test_a_plain_variable_in_the_place_of_a_files_name_is_an_error(
    manifest: Manifest, name: str, target: str
) -> None:
    broken = with_consumer(manifest, name, env={"ANTHROPIC_API_KEY_FILE": "/else/where"})
    with pytest.raises(ManifestError, match="two variables of the name ANTHROPIC_API_KEY_FILE"):
        wire(broken, name, target)


@pytest.mark.parametrize(
    ("name", "target", "text"),
    [
        *((name, target, '"\\ud800"') for name, target in NAMING),
        # GitHub's workflow is the same for both clouds, and GitHub itself refuses a NUL character.
        *((name, target, '"\\u0000"') for name, target in NAMING if target != "github-actions"),
    ],
)
def test_what_no_environment_can_hold_is_refused(
    manifest: Manifest, name: str, target: str, text: str
) -> None:
    broken = with_consumer(manifest, name, env={"TEXT": json.loads(text)})
    with pytest.raises(UsageError, match=f"the variable TEXT of {name} cannot be written"):
        wire(broken, name, target)


@pytest.mark.parametrize("target", ["github-actions", "compute-engine"])
def test_no_wiring_sends_a_token_to_a_host_that_is_not_googles(manifest: Manifest, target: str) -> None:
    name = "evals" if target == "github-actions" else "worker"
    there = manifest.on_gcp()
    for url in ("https://secretmanager.example.com", "https://storage.googleapis.com"):
        foreign = replace(manifest, gcp=replace(there, endpoints={"secretmanager": url}))
        with pytest.raises(UsageError, match="which is not Google's own host"):
            wire(foreign, name, target)
    own = "https://secretmanager.europe-west1.rep.googleapis.com"
    regional = replace(manifest, gcp=replace(there, endpoints={"secretmanager": own}))
    assert f"{own}\n" in wire(regional, name, target)


def test_the_manifest_of_these_tests_is_one(manifest: Manifest) -> None:
    assert isinstance(manifest.gcp, GcpLocation)
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert (manifest.gcp.project_id, manifest.gcp.project_number) == (PROJECT, NUMBER)
