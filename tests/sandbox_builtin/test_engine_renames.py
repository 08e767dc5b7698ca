"""The builtin engine renames nothing: it says so where something would be lost, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.builtin import ResourceFailed
from tests.sandbox_builtin.stack import Stack, kinds

COMPONENT = """
class Part(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("trial:index:Part", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        inner = pulumi.ComponentResource("trial:index:Inner", f"{{name}}-inner", None, inside)
        aws.sns.Topic(f"{{name}}-inner-topic", name="kept", opts=pulumi.ResourceOptions(parent=inner))

Part("{name}", pulumi.ResourceOptions(aliases=[{alias}]))
"""
ALIASES = {
    "by name": 'pulumi.Alias(name="old")',
    "by URN": '"urn:pulumi:dev::trial::aws:sns/topic:Topic::old"',
    "from a parent": 'pulumi.Alias(name="old", parent=pulumi.ROOT_STACK_RESOURCE)',
    "by name and type": 'pulumi.Alias(name="old", type_="aws:sns/topic:Topic")',
    "the second of two": 'pulumi.Alias(name="other"), pulumi.Alias(name="old")',
}
TOPIC = 'aws.sns.Topic("{name}", name="kept", opts=pulumi.ResourceOptions(aliases=[{alias}]))'


@pytest.mark.parametrize("alias", ALIASES.values(), ids=list(ALIASES))
def test_a_rename_of_what_is_there_is_refused_with_the_way_out(stack: Stack, aws: Any, alias: str) -> None:
    stack.up(TOPIC.format(name="old", alias=""))
    before = stack.state_file.read_text()

    with pytest.raises(ResourceFailed) as caught:
        stack.up(TOPIC.format(name="new", alias=alias))

    assert "register failed for new (aws:sns/topic:Topic): the program renames old " in caught.value.message
    assert (caught.value.hint or "").endswith("python -m sandbox up --engine pulumi")
    assert len(aws("sns").list_topics()["Topics"]) == 1
    assert stack.state_file.read_text() == before


def test_a_preview_refuses_it_as_well(stack: Stack) -> None:
    stack.up(TOPIC.format(name="old", alias=""))
    stack.write(TOPIC.format(name="new", alias=ALIASES["by name"]))

    with pytest.raises(ResourceFailed, match="the program renames old"):
        stack.run("preview")


def test_a_component_hands_its_former_name_down_to_what_is_in_it(stack: Stack) -> None:
    stack.up(COMPONENT.format(name="old", alias=""))

    with pytest.raises(ResourceFailed) as caught:
        stack.up(COMPONENT.format(name="new", alias=ALIASES["by name"]))

    assert "register failed for new-inner-topic (aws:sns/topic:Topic)" in caught.value.message
    assert "the program renames old-inner-topic" in caught.value.message


@pytest.mark.parametrize("alias", ALIASES.values(), ids=list(ALIASES))
def test_a_former_name_of_what_was_never_there_changes_nothing(stack: Stack, alias: str) -> None:
    program = TOPIC.format(name="new", alias=alias)

    assert kinds(stack.up(program)) == {"new": "created"}
    assert kinds(stack.up(program)) == {"new": "kept"}


def test_a_component_with_a_former_name_comes_up_in_an_empty_cloud(stack: Stack) -> None:
    assert kinds(stack.up(COMPONENT.format(name="new", alias=ALIASES["by name"]))) == {
        "new-inner-topic": "created"
    }


def test_a_former_name_that_another_type_has_is_no_rename(stack: Stack) -> None:
    stack.up('aws.cloudwatch.LogGroup("old", name="log")')

    changes = kinds(stack.up(TOPIC.format(name="new", alias=ALIASES["by name"])))

    assert changes == {"new": "created", "old": "deleted"}
