"""Which target fits which consumer, what happens when none does, and that the text is always the same."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from keyplan.catalogue import CI_RUNTIMES, GCP_RUNTIMES, Runtime
from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import LAST_RESORT, PROGRAMS, TARGETS, targets_for, wire, wire_all
from tests.wiring.conftest import consumer

FITTING = {
    "batch": ("ecs", "dotenv"),
    "changelog": ("circleci",),
    "chat-api": ("ecs", "dotenv"),
    "evals": ("github-actions",),
    "indexer": ("eks", "dotenv"),
    "invoices": ("bitbucket-pipelines",),
    "nightly": ("gitlab-ci",),
    "regression": ("azure-pipelines",),
    "summaries": ("jenkins",),
    "image-tests": ("codebuild",),
    "shop": ("pulumi-deployments",),
    "reports": ("iam-role", "dotenv"),
    "research": ("claude-code", "dotenv"),
    "search": ("eks", "eks-external-secrets", "dotenv"),
    "thumbnails": ("lambda", "lambda-extension", "dotenv"),
    "translations": ("buildkite",),
    "workbench": ("ec2", "dotenv"),
}
# What fits whatever dotenv fits, and is not in the stack's output.
LOCAL = ("shell", "powershell", "direnv", "compose", "systemd", "devcontainer", "vscode")


def test_each_consumer_has_the_targets_of_its_runtime(manifest: Manifest) -> None:
    more = {"evals": ("claude-code-action",)}
    assert {name: set(targets_for(manifest, name)) - {LAST_RESORT} for name in manifest.consumers} == {
        name: {*targets, *LOCAL * ("dotenv" in targets), *more.get(name, ()), *PROGRAMS}
        for name, targets in FITTING.items()
    }


def test_all_wiring_is_what_each_call_gives_alone(manifest: Manifest) -> None:
    assert wire_all(manifest)[0] == {
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


def test_every_fitting_target_names_every_key_of_its_consumer(manifest: Manifest) -> None:
    for name, texts in wire_all(manifest)[0].items():
        variables = {manifest.keys[key].env_var for key in manifest.consumers[name].keys}
        for target, text in texts.items():
            # Claude Code is handed one key, by its name in the catalogue.
            names = {"--key anthropic"} if target == "claude-code" else variables
            assert all(each in text for each in names)


@pytest.mark.parametrize(
    ("name", "target", "message", "hint"),
    [
        ("chat-ap", "ecs", "prod has no such consumer; did you mean chat-api", "keyplan wire --list"),
        (
            "zzz",
            "ecs",
            "prod has no such consumer; "
            "there is batch, changelog, chat-api, evals, image-tests, indexer, invoices, nightly, "
            "regression, reports, research, search and 5 more",
            "keyplan wire --list",
        ),
        ("ecs", "chat-api", "the target comes first, then the consumer", "keyplan wire ecs chat-api"),
        ("chat-api", "ecss", "there is no such target; did you mean ecs", "keyplan wire ecs chat-api"),
        ("chat-api", "esc", "there is no such target; did you mean ecs", "keyplan wire ecs chat-api"),
        (
            "thumbnails",
            "ecs",
            "thumbnails has the runtime lambda, and the target ecs is for ecs; "
            "what fits it: lambda, lambda-extension, dotenv",
            "keyplan wire lambda thumbnails",
        ),
        (
            "search",
            "ecs",
            "search has the runtime eks, and the target ecs is for ecs; "
            "what fits it: eks, eks-external-secrets, dotenv",
            "keyplan wire eks search",
        ),
        (
            "nightly",
            "dotenv",
            "nightly has the runtime gitlab-ci, "
            "and the target dotenv is for ec2, ecs, eks, iam-role, lambda, people; "
            "what fits it: gitlab-ci",
            "keyplan wire gitlab-ci nightly",
        ),
        (
            "evals",
            "dotenv",
            "evals has the runtime github-actions, "
            "and the target dotenv is for ec2, ecs, eks, iam-role, lambda, people; "
            "what fits it: github-actions",
            "keyplan wire github-actions evals",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(
    manifest: Manifest, name: str, target: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        wire(manifest, name, target)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_an_unknown_target_is_answered_with_those_that_fit(manifest: Manifest) -> None:
    with pytest.raises(UsageError) as caught:
        wire(manifest, "chat-api", "zzz")
    assert caught.value.message == "there is no such target; what fits it: ecs, dotenv"
    # The nearest name is one of the consumer's cloud.
    with pytest.raises(UsageError) as caught:
        wire(manifest, "chat-api", "cloud-runs")
    assert "cloud-run" not in caught.value.message


def test_a_runtime_without_a_target_is_named_as_such(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = {name: target for name, target in TARGETS.items() if not name.startswith("eks")}
    for module in ("keyplan.wiring", "keyplan.wiring.targets", "keyplan.wiring.misuse"):
        monkeypatch.setattr(f"{module}.TARGETS", fewer)
    with pytest.raises(UsageError) as caught:
        wire(manifest, "search", "eks")
    assert caught.value.message == (
        "search has the runtime eks, and there is no wiring for eks yet; only dotenv fits it, for local work"
    )
    assert caught.value.hint == "keyplan wire dotenv search"


def test_what_was_typed_is_not_repeated(manifest: Manifest) -> None:
    typed = "sk-ant-" + "api03-" + "x" * 93 + "AA"
    for name, target in ((typed, "ecs"), ("chat-api", typed)):
        with pytest.raises(UsageError) as caught:
            wire(manifest, name, target)
        assert typed not in f"{caught.value.message}{caught.value.hint}"


def test_a_manifest_without_consumers_says_so(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="no such consumer; there is none"):
        targets_for(replace(manifest, consumers={}), "chat-api")
    assert wire_all(replace(manifest, consumers={}))[0] == {}


def test_a_key_that_the_manifest_lacks_is_an_error(manifest: Manifest) -> None:
    broken = replace(manifest, consumers={"x": consumer("x", "ecs", keys=("gone",))})
    with pytest.raises(ManifestError, match="the consumer x reads a key that the manifest lacks: gone"):
        wire(broken, "x", "ecs")


@pytest.mark.parametrize("target", ["ecs", "dotenv"])
def test_two_variables_of_one_name_are_an_error(manifest: Manifest, target: str) -> None:
    broken = replace(manifest, consumers={"x": consumer("x", "ecs", env={"ANTHROPIC_API_KEY": "plain"})})
    with pytest.raises(ManifestError, match="two variables of the name ANTHROPIC_API_KEY"):
        wire(broken, "x", target)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("chat-api", "ecs"),
        ("chat-api", "dotenv"),
        ("thumbnails", "lambda"),
        ("thumbnails", "lambda-extension"),
        ("evals", "github-actions"),
        ("search", "eks"),
        ("search", "eks-external-secrets"),
        ("workbench", "ec2"),
        ("reports", "iam-role"),
        ("nightly", "gitlab-ci"),
        ("changelog", "circleci"),
        ("translations", "buildkite"),
    ],
)
def test_a_half_character_that_json_lets_through_is_refused(
    manifest: Manifest, name: str, target: str
) -> None:
    entry = replace(manifest.consumers[name], env={"TEXT": json.loads('"\\ud800"')})
    with pytest.raises(UsageError, match=f"the variable TEXT of {name} cannot be written: it is not text"):
        wire(replace(manifest, consumers={name: entry}), name, target)


@pytest.mark.parametrize(
    ("runtime", "target"), [("ecs", "ecs"), ("lambda", "lambda"), ("ec2", "ec2"), ("iam-role", "iam-role")]
)
def test_a_consumer_without_a_role_is_an_error(manifest: Manifest, runtime: str, target: str) -> None:
    broken = replace(manifest, consumers={"x": consumer("x", runtime, role_arn=None)})
    with pytest.raises(ManifestError, match="the consumer x has no role"):
        wire(broken, "x", target)


def test_a_long_list_of_names_is_cut_in_an_error(manifest: Manifest) -> None:
    many = {f"c{number:02}": consumer(f"c{number:02}", "ecs") for number in range(20)}
    with pytest.raises(UsageError, match=r"there is c00, .*, c11 and 8 more$"):
        wire(replace(manifest, consumers=many), "zzz", "ecs")


def test_every_runtime_of_the_catalogue_is_served_or_known_to_lack_a_target() -> None:
    on_aws = (target.runtimes for target in TARGETS.values() if "aws" in target.clouds)
    served = frozenset().union(*on_aws) - GCP_RUNTIMES
    assert served <= set(Runtime)
    assert set(Runtime) - served == GCP_RUNTIMES
    assert not CI_RUNTIMES & TARGETS["dotenv"].runtimes


def test_targets_are_described_for_the_table_of_the_command() -> None:
    assert all(target.summary and target.runtimes for target in TARGETS.values())
