"""Former names and adopted secrets: what they change in the catalogue, and which mistakes are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from keyplan.catalogue import Catalogue, in_lasting_order
from keyplan.checks import parse_catalogue
from keyplan.checks.files import load_catalogue
from keyplan.errors import CatalogueError
from keyplan.names import NAME_MAX

NAME = "lower-case letters, digits and hyphens, beginning with a letter and not ending in a hyphen"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
ELSEWHERE = ARN.replace("eu-west-1", "us-east-1")
WHOLE_ARN = (
    "the whole ARN of a secret with the six characters that AWS added, as in "
    f"`{ARN}prod/anthropic-api-key-AbCdEf`"
)


def test_a_renamed_key_keeps_its_secret_and_its_variable(catalogue_of: Callable[..., Catalogue]) -> None:
    before = catalogue_of().keys
    after = catalogue_of(
        "{keys: {anthropic: (gone), router: (gone), claude: {vendor: anthropic, renamedFrom: anthropic}, "
        "relay: {vendor: generic, envVar: ROUTER_API_KEY, renamedFrom: router}}, "
        "consumers: {chat: {keys: [claude]}}}"
    ).keys

    for now, was in (("claude", "anthropic"), ("relay", "router")):
        assert after[now].former_names == (was,)
        assert after[now].secret_name == before[was].secret_name
        assert after[now].env_var == before[was].env_var


def test_a_renamed_consumer_keeps_its_name_in_the_cloud(catalogue_of: Callable[..., Catalogue]) -> None:
    consumers = catalogue_of(
        "consumers: {chat: (gone), talk: {runtime: ecs, keys: [anthropic], renamedFrom: chat}}"
    ).consumers

    assert consumers["talk"].lasting_name == "chat"


def test_after_several_renames_the_oldest_name_counts(catalogue_of: Callable[..., Catalogue]) -> None:
    key = catalogue_of("keys: {anthropic: {renamedFrom: [first, second]}}").keys["anthropic"]

    assert (key.former_names, key.lasting_name) == (("first", "second"), "first")
    assert key.secret_name == "prod/first-api-key"


def test_a_rename_that_was_taken_back_is_no_mistake(catalogue_of: Callable[..., Catalogue]) -> None:
    key = catalogue_of("keys: {anthropic: {renamedFrom: [anthropic, claude]}}").keys["anthropic"]

    assert key.secret_name == "prod/anthropic-api-key"


def test_a_secret_name_of_its_own_is_not_touched_by_a_rename(catalogue_of: Callable[..., Catalogue]) -> None:
    key = catalogue_of("keys: {anthropic: {renamedFrom: claude, secretName: llm/main}}").keys["anthropic"]

    assert key.secret_name == "llm/main"


@given(
    st.lists(
        st.text("abc-", min_size=1, max_size=4).filter(lambda name: name[0] != "-" and name[-1] != "-"),
        min_size=2,
        max_size=8,
        unique=True,
    ).flatmap(lambda names: st.tuples(st.just(names), st.permutations(names)))
)
def test_renaming_keeps_the_order_in_the_cloud(names: tuple[list[str], list[str]]) -> None:
    """Whatever the new names are, the order that policies are filled in is that of the old ones."""
    old, shuffled = names
    keys = {
        f"new-{new}": {"vendor": "generic", "envVar": "ROUTER_API_KEY", "renamedFrom": former}
        for former, new in zip(old, shuffled, strict=True)
    }
    catalogue = parse_catalogue({"owner": "platform@example.com", "keys": keys}, "prod")

    assert [key.lasting_name for key in in_lasting_order(catalogue.keys.values())] == sorted(old)
    assert len({key.secret_name for key in catalogue.keys.values()}) == len(old)


MISTAKES = {
    "its own name": (
        "keys: {router: {renamedFrom: router}}",
        [
            "keys.router.renamedFrom: found `router`; "
            "allowed: the name that this key had before, not its present one"
        ],
    ),
    "its own name as the last of several": (
        "keys: {router: {renamedFrom: [relay, router]}}",
        [
            "keys.router.renamedFrom[1]: found `router`; "
            "allowed: the name that this key had before, not its present one"
        ],
    ),
    "a key that is still there": (
        "keys: {claude: {vendor: anthropic, renamedFrom: anthropic}}",
        [
            "keys.claude.renamedFrom: found `anthropic`, which is a key of this catalogue; "
            "allowed: a name that no key has any more; leave the field out of a new key",
        ],
    ),
    "a consumer that is still there": (
        "consumers: {talk: {runtime: ecs, keys: [anthropic], renamedFrom: chat}}",
        [
            "consumers.talk.renamedFrom: found `chat`, which is a consumer of this catalogue; "
            "allowed: a name that no consumer has any more; leave the field out of a new consumer"
        ],
    ),
    "a former name of two consumers, one of them with another mistake": (
        "consumers: {chat: {renamedFrom: talk, runtime: fargate}, "
        "other: {runtime: ecs, keys: [anthropic], renamedFrom: [first, talk]}}",
        [
            "consumers.chat.runtime: found `fargate`; allowed: ecs, lambda, ec2, eks, iam-role, codebuild, "
            "cloud-run, cloud-run-job, gke, compute-engine, cloud-build, people, github-actions, gitlab-ci, "
            "circleci, buildkite, bitbucket-pipelines, azure-pipelines, jenkins or pulumi-deployments",
            "consumers.other.renamedFrom[1]: found `talk`, which is also the former name of chat; "
            "allowed: a name that one consumer had before",
        ],
    ),
    "the same name twice": (
        "keys: {router: {renamedFrom: [relay, relay]}}",
        ["keys.router.renamedFrom[1]: found `relay` a second time; allowed: each once"],
    ),
    "not a name": (
        "keys: {router: {renamedFrom: Open_Router}}",
        [f"keys.router.renamedFrom: found `Open_Router`; allowed: {NAME}; did you mean `open-router`?"],
    ),
    "neither a name nor a list": (
        "keys: {router: {renamedFrom: {old: relay}}}",
        [f"keys.router.renamedFrom: found a mapping; allowed: {NAME}"],
    ),
    "nothing": (
        "keys: {router: {renamedFrom: }}",
        [f"keys.router.renamedFrom: found nothing; allowed: {NAME}"],
    ),
    "an empty list": (
        "keys: {router: {renamedFrom: []}}",
        [
            "keys.router.renamedFrom: found an empty list; "
            "allowed: a list of names, the oldest first, at least 1"
        ],
    ),
    "a name that is too long": (
        f"keys: {{router: {{renamedFrom: {'r' * (NAME_MAX + 1)}}}}}",
        [
            f"keys.router.renamedFrom: found {NAME_MAX + 1} characters; "
            f"allowed: {NAME}, at most {NAME_MAX} characters"
        ],
    ),
    "a name whose role would be too long": (
        f"consumers: {{chat: {{renamedFrom: {'c' * 60}}}}}",
        [
            "consumers.chat.renamedFrom: found a name of 60 characters; allowed: at most 52 characters: "
            "ENVIRONMENT-CONSUMER-reader has to be a role's name, which has at most 64"
        ],
    ),
    "a name that keyplan takes itself": (
        "consumers: {chat: {renamedFrom: keyplan-auditor}}",
        [
            "consumers.chat.renamedFrom: found `keyplan-auditor`; "
            "allowed: another name: keyplan makes ENVIRONMENT-keyplan-… for itself"
        ],
    ),
    "a secret that another key names": (
        "keys: {router: {renamedFrom: relay}, other: {vendor: anthropic, secretName: prod/relay-api-key}}",
        [
            "keys.router.secretName: found `prod/relay-api-key`; "
            "allowed: a name of its own; the key other is stored under this one"
        ],
    ),
    "adopting without AWS's characters": (
        f"keys: {{anthropic: {{adopt: '{ARN}prod/anthropic-api-key'}}}}",
        [f"keys.anthropic.adopt: found `{ARN}prod/an…`; allowed: {WHOLE_ARN}"],
    ),
    "adopting something else": (
        "keys: {anthropic: {adopt: 'arn:aws:iam::111122223333:role/prod/anthropic-api-key-AbCdEf'}}",
        [
            "keys.anthropic.adopt: found `arn:aws:iam::111122223333:role/prod/anthropic-api-key-AbCdEf`; "
            f"allowed: {WHOLE_ARN}"
        ],
    ),
    "adopting from another region": (
        f"keys: {{anthropic: {{adopt: '{ELSEWHERE}prod/anthropic-api-key-AbCdEf'}}}}",
        [
            "keys.anthropic.adopt: found a secret in `us-east-1`; "
            "allowed: a secret in the environment's region, eu-west-1"
        ],
    ),
    "adopting a secret with another name": (
        f"keys: {{anthropic: {{adopt: '{ARN}llm/anthropic-AbCdEf'}}}}",
        [
            "keys.anthropic.adopt: found a secret with the name `llm/anthropic`; allowed: a secret with this "
            "key's name, `prod/anthropic-api-key`; `secretName: llm/anthropic` gives this key the other name"
        ],
    ),
    "adopting a secret under its new name after a rename": (
        f"keys: {{anthropic: {{renamedFrom: claude, adopt: '{ARN}prod/anthropic-api-key-AbCdEf'}}}}",
        [
            "keys.anthropic.adopt: found a secret with the name `prod/anthropic-api-key`; allowed: a secret "
            "with this key's name, `prod/claude-api-key`; `secretName: prod/anthropic-api-key` gives this "
            "key the other name"
        ],
    ),
    "adopting a secret whose name no key may have": (
        f"keys: {{anthropic: {{adopt: '{ARN}my-secret-AbCdEf'}}}}",
        [
            "keys.anthropic.adopt: found a secret with the name `my-secret`; "
            "allowed: a secret with this key's name, `prod/anthropic-api-key`"
        ],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported_where_it_is(name: str, mistakes_of: Callable[..., list[str]]) -> None:
    change, expected = MISTAKES[name]

    assert mistakes_of(change) == expected


def test_a_secret_of_the_keys_name_is_adopted(catalogue_of: Callable[..., Catalogue]) -> None:
    for change, secret in (
        ("", "prod/anthropic-api-key"),
        (", renamedFrom: claude", "prod/claude-api-key"),
        (", secretName: llm/main", "llm/main"),
    ):
        arn = f"{ARN}{secret}-AbCdEf"
        key = catalogue_of(f"keys: {{anthropic: {{adopt: '{arn}'{change}}}}}").keys["anthropic"]
        assert (key.adopt, key.secret_name) == (arn, secret)


def test_a_mistake_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: keyplan\nruntime: python\nconfig: {}\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(
        "config:\n"
        "  aws:region: eu-west-1\n"
        "  keyplan:owner: platform@example.com\n"
        "  keyplan:keys:\n"
        "    claude:\n"
        "      vendor: anthropic\n"
        "      renamedFrom:\n"
        "        - first\n"
        "        - claude\n"
    )
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(tmp_path, "prod")

    assert [(problem.path, problem.line) for problem in caught.value.problems] == [
        ("keys.claude.renamedFrom[1]", 9)
    ]


def test_the_text_of_a_key_is_not_shown_as_a_former_name(fake_key: str) -> None:
    values = yaml.safe_load("{owner: platform@example.com, keys: {anthropic: {vendor: anthropic}}}")
    values["keys"]["anthropic"]["renamedFrom"] = fake_key
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(values, "prod")

    assert [fake_key in str(problem) for problem in caught.value.problems] == [False]
