"""What the small engine does not do, and what a program says wrongly, is refused by name."""

from __future__ import annotations

import json

import pytest

from sandbox.builtin import ProgramFailed, ResourceFailed
from tests.sandbox_builtin.stack import Stack

REFUSED = {
    "an unknown type": (
        'aws.s3.Bucket("bucket")',
        "the sandbox does not know aws:s3/bucket:Bucket",
    ),
    "an unknown property": (
        'aws.sns.Topic("topic", fifo_topic=True)',
        "the sandbox does not know the property `fifoTopic` of aws:sns/topic:Topic",
    ),
    "an unknown nested property": (
        'aws.cloudwatch.EventTarget("t", rule="r", arn="a", input_transformer={"input_template": "x", '
        '"input_paths": {}}, ecs_target={"task_definition_arn": "x"})',
        "the sandbox does not know the property `ecsTarget` of aws:cloudwatch/eventTarget:EventTarget",
    ),
    "an unknown type of the other cloud": (
        'import pulumi_gcp as gcp; gcp.kms.KeyRing("ring", location="global")',
        "the sandbox does not know gcp:kms/keyRing:KeyRing",
    ),
    "a cloud that the configuration does not have": (
        'import pulumi_gcp as gcp; gcp.secretmanager.Secret("s", secret_id="s", replication={"auto": {}})',
        "the provider is not configured for gcp",
    ),
    "an unknown function": (
        "aws.get_availability_zones()",
        "the sandbox does not know the function aws:index/getAvailabilityZones:getAvailabilityZones",
    ),
    "transforms": (
        'aws.sns.Topic("t", opts=pulumi.ResourceOptions(transforms=[lambda args: None]))',
        "the sandbox does not know the resource option transforms",
    ),
    "stack transforms": (
        "pulumi.runtime.register_resource_transform(lambda args: None)",
        "the sandbox does not know stack transforms",
    ),
    "a stack reference": (
        'pulumi.StackReference("organization/other/dev")',
        "StackReference",
    ),
    "deletedWith": (
        'aws.sns.Topic("b", opts=pulumi.ResourceOptions(deleted_with=aws.sns.Topic("a")))',
        "the sandbox does not know the resource option deletedWith",
    ),
    "a secret input": (
        'aws.iam.Role("role", assume_role_policy=pulumi.Output.secret("{}"))',
        "the input `assumeRolePolicy` is a secret",
    ),
    "two resources of one name": (
        'aws.sns.Topic("t", name="a"); aws.sns.Topic("t", name="b")',
        "two resources of this type and name",
    ),
    "an unknown provider setting": (
        'aws.Provider("p", region="eu-west-1", assume_roles=[{"role_arn": "x"}])',
        "the sandbox does not know the provider setting `assumeRoles`",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_the_sandbox_refuses_by_name(stack: Stack, name: str) -> None:
    body, expected = REFUSED[name]

    with pytest.raises(ResourceFailed) as caught:
        stack.up(body)

    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ([{"sns": "https://sns.eu-west-1.amazonaws.com"}], "the endpoint of `sns` is not on this machine"),
        ([{"iam": "http://127.0.0.1:1"}], "no endpoint is configured for `sns`"),
        ([{"sns": "http://127.0.0.1:1"}], r"the emulated cloud gave no answer \(EndpointConnectionError\)"),
    ],
)
def test_a_call_goes_to_this_machine_or_nowhere(stack: Stack, endpoints: object, expected: str) -> None:
    stack.endpoints = json.dumps(endpoints)

    with pytest.raises(ResourceFailed, match=expected):
        stack.up('aws.sns.Topic("topic", name="a")')


def test_an_error_of_the_product_shows_its_words_and_no_traceback(stack: Stack) -> None:
    with pytest.raises(ProgramFailed) as caught:
        stack.up(
            """
        import sys
        sys.path.insert(0, {!r})
        from keyplan.errors import UsageError
        try:
            raise UsageError("the key anthropic has no owner", "keyplan check dev")
        except UsageError as error:
            raise pulumi.RunError("configuration") from error
        """.format(str(__import__("pathlib").Path(__file__).resolve().parents[2]))
        )

    assert caught.value.message == "the key anthropic has no owner"
    assert caught.value.hint == "keyplan check dev"
    assert caught.value.exit_code == 2


def test_another_error_shows_where_it_happened_and_what_was_printed(stack: Stack) -> None:
    with pytest.raises(ProgramFailed) as caught:
        stack.up("""
        import sys
        print("on standard output")
        print("on standard error", file=sys.stderr)
        pulumi.log.warn("a warning")
        pulumi.log.info("nothing to see")
        raise LookupError("no such thing")
        """)

    assert "LookupError: no such thing" in caught.value.message
    first_place = caught.value.message.splitlines()[2]
    assert first_place.startswith(f'  File "{stack.folder / "__main__.py"}", line')
    assert sorted(caught.value.diagnostics) == [
        "on standard error",
        "on standard output",
        "warning: a warning",
    ]


def test_the_program_is_told_its_configuration_and_runs_in_its_folder(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"trial:left": "over"}))
    (stack.folder / "beside.py").write_text("WORD = 'found'\n")
    stack.config = {"trial:keys": json.dumps({"a": {"days": 90}})}

    result = stack.up(
        f"""
    import os
    import beside
    config = pulumi.Config()
    pulumi.export("keys", config.require_object("keys"))
    pulumi.export("rest", [config.get("left"), beside.WORD, pulumi.get_project(), pulumi.get_stack()])
    pulumi.export("here", os.getcwd() == {str(stack.folder)!r})
    """
    )

    assert result.outputs == {
        "keys": {"a": {"days": 90}},
        "rest": [None, "found", "trial", "dev"],
        "here": True,
    }
