"""Nothing is lost: protection, failures, interruptions, kills, and resources that come back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.builtin import ProgramFailed, ResourceFailed
from tests.sandbox_builtin.stack import REGION, Stack, kinds

ROOT = Path(__file__).resolve().parents[2]
TWO_TOPICS = """
    aws.sns.Topic("one", name="one")
    aws.sns.Topic("two", name="two")
"""
PROTECTED = """
    aws.secretsmanager.Secret("secret", name="{0}", opts=pulumi.ResourceOptions(protect={1}))
    aws.sns.Topic("topic", name="topic")
"""
END_SECONDS = 120


def topics(aws: Any) -> set[str]:
    return {topic["TopicArn"].rsplit(":", 1)[-1] for topic in aws("sns").list_topics()["Topics"]}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("raise RuntimeError('wrong')", id="it raises at once"),
        pytest.param("pulumi.Config().require('missing')", id="a setting is missing"),
        pytest.param(
            "aws.sns.Topic('one', name='one').arn.apply(lambda arn: 1 / 0)", id="it raises in an apply"
        ),
        pytest.param("aws.sns.Topic('one', name='one'); import sys; sys.exit(3)", id="it ends itself"),
        pytest.param("import os; os._exit(9)", id="its process dies"),
    ],
)
def test_a_program_that_fails_deletes_nothing(stack: Stack, aws: Any, body: str) -> None:
    stack.up(TWO_TOPICS)

    with pytest.raises(ProgramFailed):
        stack.up(body)

    assert topics(aws) == {"one", "two"}
    assert kinds(stack.up(TWO_TOPICS)) == {"one": "kept", "two": "kept"}


def test_a_resource_that_fails_deletes_nothing_and_what_was_made_is_remembered(
    stack: Stack, aws: Any
) -> None:
    stack.up(TWO_TOPICS)

    with pytest.raises(ResourceFailed) as caught:
        stack.up("""
        made = aws.sns.Topic("made", name="made")
        aws.iam.RolePolicy("policy", role="nobody", policy="{}",
            opts=pulumi.ResourceOptions(depends_on=[made]))
        """)

    assert caught.value.urn == "urn:pulumi:dev::trial::aws:iam/rolePolicy:RolePolicy::policy"
    assert caught.value.operation == "create"
    assert caught.value.message == (
        "create failed for policy (aws:iam/rolePolicy:RolePolicy): "
        "AWS answered NoSuchEntity to PutRolePolicy: it, or something it names, does not exist"
    )
    assert topics(aws) == {"one", "two", "made"}
    assert kinds(stack.up('aws.sns.Topic("made", name="made")')) == {
        "made": "kept",
        "one": "deleted",
        "two": "deleted",
    }


def test_a_protected_resource_is_neither_deleted_nor_replaced(stack: Stack, aws: Any) -> None:
    stack.up(PROTECTED.format("a", True))

    with pytest.raises(ResourceFailed, match=r"secret .*protected") as removal:
        stack.up("")
    assert removal.value.hint
    assert "`protect`" in removal.value.hint
    assert topics(aws) == {"topic"}  # the refusal comes before the first deletion

    with pytest.raises(ResourceFailed, match="needs a new resource, and the present one is protected"):
        stack.up(PROTECTED.format("b", True))
    with pytest.raises(ResourceFailed, match="protected resources are not deleted"):
        stack.run("destroy")
    assert aws("secretsmanager").describe_secret(SecretId="a")["Name"] == "a"

    assert kinds(stack.up(PROTECTED.format("a", False))) == {"secret": "kept", "topic": "kept"}
    assert kinds(stack.up("")) == {"secret": "deleted", "topic": "deleted"}


def test_a_retained_resource_leaves_the_stack_and_stays(stack: Stack, aws: Any) -> None:
    stack.up('aws.sns.Topic("one", name="one", opts=pulumi.ResourceOptions(retain_on_delete=True))')

    assert kinds(stack.up("")) == {"one": "forgotten"}

    assert topics(aws) == {"one"}
    assert stack.up("").changes == []


def test_an_existing_resource_is_imported_and_brought_into_shape(stack: Stack, aws: Any) -> None:
    url = "https://token.actions.githubusercontent.com"
    client = aws("iam")
    arn = client.create_open_id_connect_provider(Url=url, ClientIDList=["old"])["OpenIDConnectProviderArn"]
    program = f"""
    aws.iam.OpenIdConnectProvider("ci", url="{url}", client_id_lists=["sts.amazonaws.com"],
        opts=pulumi.ResourceOptions(import_="{arn}"))
    """

    assert kinds(stack.up(program)) == {"ci": "adopted"}
    found = client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    assert kinds(stack.up(program)) == {"ci": "kept"}


def test_an_import_of_nothing_and_of_something_else_is_refused(stack: Stack, aws: Any) -> None:
    program = """
    aws.cloudwatch.LogGroup("group", name="{0}", opts=pulumi.ResourceOptions(import_="there"))
    """
    with pytest.raises(ResourceFailed, match="there does not exist, so it cannot be imported"):
        stack.up(program.format("there"))

    aws("logs").create_log_group(logGroupName="there")
    with pytest.raises(ResourceFailed, match="the imported resource differs in `name`"):
        stack.up(program.format("other"))


def test_a_missing_identity_provider_fails_the_invoke_in_the_real_providers_words(stack: Stack) -> None:
    result = stack.up("""
    try:
        aws.iam.get_open_id_connect_provider(url="https://token.example.com")
    except Exception as error:
        pulumi.export("error", str(error))
    made = aws.iam.OpenIdConnectProvider("ci", url="https://ci.example.com", client_id_lists=["a"])
    found = aws.iam.get_open_id_connect_provider_output(arn=made.arn)
    pulumi.export("clients", found.client_id_lists)
    pulumi.export("where", [aws.get_region().region, aws.get_partition().partition])
    pulumi.export("who", aws.get_caller_identity().account_id)
    """)

    said = "reading IAM OIDC Provider (https://token.example.com): couldn't find resource"
    assert said in result.outputs.pop("error")
    assert result.outputs == {"clients": ["a"], "where": [REGION, "aws"], "who": "123456789012"}


def test_a_deleted_secret_blocks_its_name_until_it_is_restored_and_then_is_adopted(
    stack: Stack, aws: Any
) -> None:
    program = 'aws.secretsmanager.Secret("secret", name="dev/a-api-key", recovery_window_in_days=7)'
    stack.up(program)
    client = aws("secretsmanager")
    client.put_secret_value(SecretId="dev/a-api-key", SecretString="the value")
    stack.up("")

    with pytest.raises(ResourceFailed, match="`dev/a-api-key` is pending deletion until 20") as caught:
        stack.up(program)
    assert caught.value.hint
    assert "aws secretsmanager restore-secret --secret-id dev/a-api-key" in caught.value.hint
    assert "--endpoint-url http://127.0.0.1:" in caught.value.hint

    client.restore_secret(SecretId="dev/a-api-key")
    assert kinds(stack.up(program)) == {"secret": "adopted"}
    assert client.get_secret_value(SecretId="dev/a-api-key")["SecretString"] == "the value"


def test_somebody_elses_resource_is_never_taken_over(stack: Stack, aws: Any) -> None:
    aws("iam").create_role(RoleName="theirs", AssumeRolePolicyDocument="{}")
    program = 'aws.iam.Role("role", name="theirs", assume_role_policy="{}")'

    for _ in range(2):
        with pytest.raises(ResourceFailed, match="does not belong to this stack"):
            stack.up(program)

    stack.up("")
    assert aws("iam").get_role(RoleName="theirs")["Role"]["RoleName"] == "theirs"


KILLED = """
import json, os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from sandbox.builtin import run_program
from sandbox.provider import Provider

create = Provider.create

def create_and_die(self, token, inputs, preview=False):
    made = create(self, token, inputs, preview)
    if inputs.get("name") == {name!r}:
        os.kill(os.getpid(), signal.SIGKILL)
    return made

Provider.create = create_and_die
settings = {{"aws:region": "eu-west-1", "aws:endpoints": {endpoints!r}}}
run_program(Path({folder!r}), "dev", settings, Path({state!r}), "first")
"""
CHAIN = """
    import os, pathlib
    pathlib.Path("pid").write_text(str(os.getpid()))
    one = aws.cloudwatch.LogGroup("one", name="one")
    two = aws.cloudwatch.LogGroup("two", name="two", opts=pulumi.ResourceOptions(depends_on=[one]))
    aws.cloudwatch.LogGroup("three", name="three", opts=pulumi.ResourceOptions(depends_on=[two]))
"""


def started(script: str, stack: Stack, **more: str) -> str:
    """A script that runs the engine, with everything that it needs to know."""
    return script.format(
        root=str(ROOT),
        endpoints=stack.endpoints,
        folder=str(stack.folder),
        state=str(stack.state_file),
        **more,
    )


def start_killed(stack: Stack, name: str) -> subprocess.Popen[bytes]:
    script = started(KILLED, stack, name=name)
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


def test_a_killed_run_loses_nothing_and_the_next_one_goes_on(stack: Stack, aws: Any) -> None:
    stack.write(CHAIN)

    assert start_killed(stack, "two").wait(END_SECONDS) == -signal.SIGKILL
    groups = {group["logGroupName"] for group in aws("logs").describe_log_groups()["logGroups"]}
    assert groups == {"one", "two"}  # two exists, and the engine died before it could note that
    assert wait_until_gone(int((stack.folder / "pid").read_text()))

    assert kinds(stack.run()) == {"one": "kept", "two": "adopted", "three": "created"}
    assert set(kinds(stack.run()).values()) == {"kept"}


def test_what_a_killed_run_left_is_removed_when_the_program_does_not_want_it(stack: Stack, aws: Any) -> None:
    stack.write(CHAIN)
    start_killed(stack, "two").wait(END_SECONDS)

    stack.up("")

    assert aws("logs").describe_log_groups()["logGroups"] == []


INTERRUPTED = """
import signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from sandbox.builtin import run_program

settings = {{"aws:region": "eu-west-1", "aws:endpoints": {endpoints!r}}}
try:
    run_program(Path({folder!r}), "dev", settings, Path({state!r}), "first")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_ends_the_program_and_keeps_what_was_made(stack: Stack) -> None:
    waiting = """
    import pathlib, time
    def wait(name):
        pathlib.Path("made").write_text(name)
        time.sleep(600)
    aws.cloudwatch.LogGroup("four", name="four").name.apply(wait)
    """
    stack.write(CHAIN + waiting)
    with subprocess.Popen(
        [sys.executable, "-c", started(INTERRUPTED, stack)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        deadline = time.monotonic() + END_SECONDS
        while not (stack.folder / "made").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        out, errors = run.communicate(timeout=END_SECONDS)

    assert (out, errors) == ("interrupted\n", "")
    assert wait_until_gone(int((stack.folder / "pid").read_text()))
    assert kinds(stack.up(CHAIN))["four"] == "deleted"
