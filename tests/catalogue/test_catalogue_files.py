"""The project's files: lines, strict YAML, Pulumi.yaml's defaults, and the form in which "
"Pulumi hands it over."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from keyplan.checks.config import JSON_FIELDS, catalogue_from_config
from keyplan.checks.environment_fields import FIELDS
from keyplan.checks.files import environments, find_project, load_catalogue, raw_config
from keyplan.errors import CatalogueError, UsageError

PROJECT = "name: keyplan\nruntime: python\n"
STACK = """\
config:
  aws:region: eu-west-1
  keyplan:owner: platform@example.com
  keyplan:keys:
    anthropic: {vendor: anthropic}
"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A project with this stack file for prod; `project` replaces Pulumi.yaml."""

    def make(stack: str | bytes, project: str = PROJECT) -> Path:
        (tmp_path / "Pulumi.yaml").write_text(project)
        (tmp_path / "Pulumi.prod.yaml").write_bytes(stack.encode() if isinstance(stack, str) else stack)
        return tmp_path

    return make


def mistakes(project: Path, environment: str = "prod") -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(project, environment)
    return [str(problem) for problem in caught.value.problems]


def test_every_environment_of_this_project_is_right(project: Path) -> None:
    assert environments(project) == ["dev", "prod", "sandbox"]
    for name in environments(project):
        assert load_catalogue(project, name).environment == name


@pytest.mark.parametrize("environment", ["dev", "prod", "sandbox"])
def test_the_program_reads_the_same_catalogue_from_pulumi_as_the_files_say(
    project: Path, environment: str
) -> None:
    raw = raw_config(project, environment)
    from_pulumi = catalogue_from_config(
        lambda name: raw.get(f"keyplan:{name}"), environment, raw["aws:region"]
    )
    assert from_pulumi == load_catalogue(project, environment)


def test_the_sandbox_has_a_key_its_admin_key_and_the_consumers_of_the_guide_on_both_clouds(
    project: Path,
) -> None:
    catalogue = load_catalogue(project, "sandbox")
    assert {name: (key.vendor, key.owner) for name, key in catalogue.keys.items()} == {
        "anthropic": ("anthropic", "ml@example.com"),
        "anthropic-admin": ("anthropic-admin", "platform@example.com"),
    }
    assert [consumer.name for consumer in catalogue.readers_of("anthropic-admin")] == ["platform-team"]
    assert {name: str(consumer.runtime) for name, consumer in catalogue.consumers.items()} == {
        "chat-api": "ecs",
        "drafts": "ecs",
        "evals": "github-actions",
        "indexer": "gke",
        "ml-team": "people",
        "nightly": "gitlab-ci",
        "platform-team": "people",
        "reviews": "github-actions",
        "search-api": "cloud-run",
        "summarizer": "lambda",
    }


def test_mistakes_have_the_line_of_what_is_wrong_and_a_missing_field_that_of_its_parent(write: Write) -> None:
    project = write(
        STACK
        + """\
    router:
      vendor: generic
  keyplan:consumers:
    chat:
      runtime: ecs
      keys:
        - anthropic
        - openrouter
"""
    )
    assert mistakes(project) == [
        "Pulumi.prod.yaml:6: keys.router.envVar: found nothing; "
        "allowed: the variable that programs read this key from, as in `OPENROUTER_API_KEY`",
        "Pulumi.prod.yaml:13: consumers.chat.keys[1]: found `openrouter`; "
        "allowed: one of the keys anthropic, router; did you mean `router`?",
    ]


def test_the_error_is_ready_for_a_terminal(write: Write) -> None:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(write("config:\n  aws:region: eu-west-1\n  keyplan:owner: me\n"), "prod")
    assert caught.value.message == (
        "the configuration of prod has 2 mistakes\n"
        "  Pulumi.prod.yaml:1: keys: found nothing; "
        "allowed: mapping of keys, as in `{anthropic: {vendor: anthropic}}`\n"
        "  Pulumi.prod.yaml:3: owner: found `me`; allowed: an e-mail address, as in `team@example.com`"
    )
    assert (caught.value.exit_code, caught.value.hint) == (2, "keyplan check")


REGION = "an AWS region, as in `eu-west-1`"
YAML_MISTAKES = {
    "no region": (
        STACK.replace("  aws:region: eu-west-1\n", ""),
        [f"Pulumi.prod.yaml:1: aws:region: found nothing; allowed: {REGION}"],
    ),
    "a zone as region": (
        STACK.replace("eu-west-1", "eu-west-1b"),
        [f"Pulumi.prod.yaml:2: aws:region: found `eu-west-1b`; allowed: {REGION}; did you mean `eu-west-1`?"],
    ),
    "a name twice": (
        STACK + "    anthropic: {vendor: generic}\n",
        [
            "Pulumi.prod.yaml:6: keys.anthropic: found a second entry of this name; "
            "the first is on line 5; allowed: each name once"
        ],
    ),
    "an encrypted value": (
        STACK + "    router: {vendor: generic, envVar: {secure: v1:abc}}\n",
        [
            "Pulumi.prod.yaml:6: keys.router.envVar: found an encrypted value; allowed: plain "
            "configuration: a key's value never enters Pulumi, not even encrypted; store it "
            "with `keyplan put`"
        ],
    ),
    "scalars that readers of YAML understand differently": (
        STACK + "  keyplan:consumers:\n    chat:\n      runtime: ecs\n      keys: [anthropic]\n"
        "      env: {A: on, B: 0123, C: 12:30, D: 2026-11-21, E: 1_000, F: 0x1F, G: 1e3}\n",
        [
            f"Pulumi.prod.yaml:10: consumers.chat.env.{name}: found `{text}`, "
            "which readers of YAML "
            f'understand differently; allowed: the same in quotes; did you mean `"{text}"`?'
            for name, text in zip(
                "ABCDEFG", ["on", "0123", "12:30", "2026-11-21", "1_000", "0x1F", "1e3"], strict=True
            )
        ],
    ),
    "a tag": (
        STACK + "  keyplan:lockdown: !!bool yes\n",
        ["Pulumi.prod.yaml:6: lockdown: found a YAML tag; allowed: plain YAML; put text in quotes"],
    ),
    "a name that is no text": (
        STACK + "    true: {vendor: anthropic}\n",
        ["Pulumi.prod.yaml:6: keys: found `true` as a name; allowed: text as a name; put it in quotes"],
    ),
    "a field of the file misspelt": (
        STACK.replace("config:", "confg:"),
        [
            "Pulumi.prod.yaml:1: aws:region: found nothing; allowed: an AWS region, as in `eu-west-1`",
            "Pulumi.prod.yaml:1: confg: found an unknown field; allowed: one of config, encryptedkey, "
            "encryptionsalt, environment, mainEnvironment, secretsprovider; did you mean `config`?",
            "Pulumi.prod.yaml:1: keys: found nothing; "
            "allowed: mapping of keys, as in `{anthropic: {vendor: anthropic}}`",
            "Pulumi.prod.yaml:1: owner: found nothing; allowed: e-mail address, as in `platform@example.com`",
        ],
    ),
    "a field with and without its namespace": (
        STACK + "  owner: ml@example.com\n",
        [
            "Pulumi.prod.yaml:6: owner: found a second entry; the first is keyplan:owner; "
            "allowed: each field once, with or without its namespace"
        ],
    ),
    "a namespace misspelt": (
        STACK + "  keyplam:protect: false\n",
        [
            "Pulumi.prod.yaml:6: keyplam:protect: found an unknown namespace; allowed: one of keyplan, aws, "
            "aws-native, gcp, google-native, pulumi; did you mean `keyplan`?"
        ],
    ),
    "text that is not YAML": (
        "config:\n  a: [1, 2\n  b: 3\n",
        [
            "Pulumi.prod.yaml:3:4: found text that is not YAML (did not find expected ',' or ']'); "
            "allowed: valid YAML"
        ],
    ),
    "two documents": (
        STACK + "---\na: b\n",
        [
            "Pulumi.prod.yaml:6:1: found text that is not YAML (but found another document); "
            "allowed: valid YAML"
        ],
    ),
    "bytes that are no text": (
        b"config:\n  a: \xff\xfe\n",
        ["Pulumi.prod.yaml:2: found bytes that are not UTF-8; allowed: a text file in UTF-8"],
    ),
    "a control character": (
        "config:\n  a: b\x00c\n",
        ["Pulumi.prod.yaml:2: found a control character; allowed: text without control characters"],
    ),
    "a list instead of a mapping": (
        "config: [a]\n",
        [
            "Pulumi.prod.yaml:1: aws:region: found nothing; allowed: an AWS region, as in `eu-west-1`",
            "Pulumi.prod.yaml:1: config: found a list; allowed: a mapping",
            "Pulumi.prod.yaml:1: keys: found nothing; "
            "allowed: mapping of keys, as in `{anthropic: {vendor: anthropic}}`",
            "Pulumi.prod.yaml:1: owner: found nothing; allowed: e-mail address, as in `platform@example.com`",
        ],
    ),
    "an anchor inside itself": (
        STACK + "  keyplan:operators: &a [*a]\n",
        [
            "Pulumi.prod.yaml:6: operators[0]: found a value nested too deeply "
            "or without end; "
            "allowed: at most 32 levels"
        ],
    ),
}


@pytest.mark.parametrize(("stack", "expected"), YAML_MISTAKES.values(), ids=YAML_MISTAKES)
def test_a_mistake_of_the_file_is_reported_with_its_line(
    write: Write, stack: str | bytes, expected: list[str]
) -> None:
    assert sorted(mistakes(write(stack))) == sorted(expected)


def test_anchors_that_multiply_without_measure_are_refused(write: Write) -> None:
    lines = ["  a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    found = mistakes(write("config:\n" + "\n".join(lines) + "\n"))
    assert any("nested too deeply or without end" in line for line in found)


def test_very_deep_text_is_an_error_and_no_crash(write: Write) -> None:
    found = mistakes(write("config: " + "[" * 5000 + "]" * 5000))
    assert len(found) >= 1


def test_anchors_merges_and_quotes_work_as_usual(write: Write) -> None:
    project = write(
        """\
config:
  aws:region: eu-west-1
  owner: "platform@example.com"
  keyplan:keys:
    anthropic: {vendor: anthropic}
  keyplan:consumers:
    chat: &chat
      runtime: ecs
      keys: [anthropic]
      env: {COUNT: 5, TEXT: 'on', EMPTY: ''}
    search:
      <<: *chat
      readAt: run
"""
    )
    catalogue = load_catalogue(project, "prod")
    assert catalogue.owner == "platform@example.com", "a field without a namespace is the project's"
    assert catalogue.consumers["search"].env == {"COUNT": "5", "TEXT": "on", "EMPTY": ""}
    assert (
        str(catalogue.consumers["search"].settings.read_at),
        catalogue.consumers["chat"].settings.read_at,
    ) == (
        "run",
        "start",
    )


def test_a_file_that_is_not_there_is_reported_by_name(write: Write) -> None:
    project = write(STACK)
    assert mistakes(project, "dev") == [
        "Pulumi.dev.yaml: found a file that cannot be read (FileNotFoundError); allowed: a file"
    ]
    (project / "Pulumi.yaml").unlink()
    assert mistakes(project) == [
        "Pulumi.yaml: found a file that cannot be read (FileNotFoundError); allowed: a file"
    ]


def test_the_project_is_the_nearest_directory_upwards(write: Write) -> None:
    project = write(STACK)
    deep = project / "a" / "b"
    deep.mkdir(parents=True)
    assert find_project(deep) == project
    (project / "Pulumi.yaml").unlink()
    with pytest.raises(UsageError) as caught:
        find_project(deep)
    assert caught.value.message == "there is no Pulumi.yaml here or in a directory above"


def test_defaults_of_the_project_file_reach_the_program_as_pulumi_writes_them(write: Write) -> None:
    project = write(
        STACK + '  keyplan:protect: false\n  keyplan:recoveryWindow: 7d\n  pulumi:tags: {team: "ml"}\n',
        PROJECT
        + "config:\n"
        + "  clouds: {type: array, items: {type: string}, default: [aws]}\n"
        + "  lockdown: {type: boolean, default: false}\n"
        + "  protect: {type: boolean, default: true}\n"
        + "  owner: {type: string}\n"
        + "  reminders: perKey\n"
        + "  aws:region: {value: us-east-1}\n",
    )
    assert raw_config(project, "prod") == {
        "aws:region": "eu-west-1",
        "keyplan:clouds": '["aws"]',
        "keyplan:keys": '{"anthropic":{"vendor":"anthropic"}}',
        "keyplan:lockdown": "false",
        "keyplan:owner": "platform@example.com",
        "keyplan:protect": "false",
        "keyplan:recoveryWindow": "7d",
        "keyplan:reminders": "perKey",
        "pulumi:tags": '{"team":"ml"}',
    }


def test_values_of_another_type_than_declared_are_reported_as_pulumi_would_refuse_them(write: Write) -> None:
    project = write(
        "config:\n  keyplan:clouds: aws\n  keyplan:keys: [a]\n  keyplan:protect: maybe\n  "
        "keyplan:count: many\n",
        PROJECT
        + "config:\n"
        + "  clouds: {type: array, items: {type: string}}\n"
        + "  keys: {type: object}\n"
        + "  protect: {type: boolean}\n"
        + "  count: {type: integer}\n"
        + "  owner: {type: string}\n",
    )
    with pytest.raises(CatalogueError) as caught:
        raw_config(project, "prod")
    assert [str(problem) for problem in caught.value.problems] == [
        "Pulumi.prod.yaml:1: owner: found nothing; allowed: a value: it is declared without a default",
        "Pulumi.prod.yaml:2: clouds: found `aws`; allowed: a value of type array of string",
        "Pulumi.prod.yaml:3: keys: found a list; allowed: a value of type object",
        "Pulumi.prod.yaml:4: protect: found `maybe`; allowed: a value of type boolean",
        "Pulumi.prod.yaml:5: count: found `many`; allowed: a value of type integer",
    ]


PROJECT_MISTAKES = {
    "another name": (
        "name: other\nruntime: python\n",
        "Pulumi.yaml:1: name: found `other`; "
        "allowed: `keyplan`: the project's name is the namespace of its configuration",
    ),
    "an unknown type": (
        PROJECT + "config:\n  owner: {type: text}\n",
        "Pulumi.yaml:4: config.owner.type: found `text`; allowed: string, integer, boolean, array, object",
    ),
    "an array of nothing": (
        PROJECT + "config:\n  clouds: {type: array}\n",
        "Pulumi.yaml:4: config.clouds.type: found an array without the type of its items; "
        "allowed: `items: {type: …}`",
    ),
    "a default of another type": (
        PROJECT + "config:\n  protect:\n    type: boolean\n    default: always\n",
        "Pulumi.yaml:6: config.protect.default: found `always`; allowed: a default of the "
        "declared type, boolean",
    ),
    "a wrong default": (
        PROJECT + "config:\n  reminders: {type: string, default: daily}\n",
        "Pulumi.yaml:4: reminders: found `daily`; allowed: perKey or perEnvironment",
    ),
}


@pytest.mark.parametrize(("text", "expected"), PROJECT_MISTAKES.values(), ids=PROJECT_MISTAKES)
def test_a_mistake_of_the_project_file_is_reported_with_its_line(
    write: Write, text: str, expected: str
) -> None:
    assert mistakes(write(STACK, text)) == [expected]


def test_pulumi_yaml_declares_every_field_with_the_default_of_the_code(project: Path, tmp_path: Path) -> None:
    shutil.copy(project / "Pulumi.yaml", tmp_path)
    (tmp_path / "Pulumi.bare.yaml").write_text("config: {owner: a@example.com, keys: {}}\n")
    raw = raw_config(tmp_path, "bare")
    expected = {"keyplan:owner": "a@example.com", "keyplan:keys": "{}"}
    for field in FIELDS:
        if not field.required:
            empty = "{}" if field.name in JSON_FIELDS else ""
            default = field.default if isinstance(field.default, str) else json.dumps(field.default)
            expected[f"keyplan:{field.name}"] = empty if field.default is None else default.replace(": ", ":")
    assert raw == expected


def test_a_misspelled_field_is_a_mistake_for_the_program_too() -> None:
    raw = {"owner": "platform@example.com", "consumer": "{}"}
    with pytest.raises(CatalogueError) as found:
        catalogue_from_config(raw.get, "prod", "eu-west-1", raw)
    assert ("consumer", "consumers") in [(each.path, each.suggestion) for each in found.value.problems]
