"""What a plugin answers: taken names, what a preview cannot know, replacements, defects, functions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.provider import ProviderPlugin
from sandbox.provider import Provider
from tests.sandbox_builtin.resource_cases import TRUST
from tests.sandbox_plugins.engine_side import UNKNOWN, Engine, message, secret, urn
from tests.sandbox_plugins.plugin_process import LIMIT_SECONDS, command, environment

ROLE = "aws:iam/role:Role"
SECRET = "aws:secretsmanager/secret:Secret"
POLICY = "aws:secretsmanager/secretPolicy:SecretPolicy"
KINDS = provider_pb2.PropertyDiff
# A parent that starts a plugin, says who it is, and waits.
PARENT = """
import subprocess, sys, time
plugin = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
plugin.stdout.readline()
print(plugin.pid, flush=True)
time.sleep(600)
"""


def has_ended(pid: int) -> bool:
    """Whether a process ends soon; one that nobody has waited for has ended as well."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                if stat.read().rpartition(") ")[2][0] in "ZX":
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="reads /proc")
@pytest.mark.parametrize("name", ["aws", "python"])
def test_a_plugin_ends_by_itself_when_the_engine_was_killed(name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *command(name)],
        env=environment(),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    try:
        assert has_ended(pid)
    finally:
        if not has_ended(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_name_that_is_taken_is_told_with_the_way_to_take_it_over(
    engine: Engine, secrets_manager: Any, iam: Any
) -> None:
    arn = secrets_manager.create_secret(Name="dev/key", SecretString="canary-of-the-other")["ARN"]
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(grpc.RpcError) as refused:
        engine.make(SECRET, {"name": "dev/key"})
    assert refused.value.code() == grpc.StatusCode.UNKNOWN
    assert refused.value.details() == (
        "a secret with the name `dev/key` exists and does not belong to this stack\n"
        f"  try: take it over with the line `adopt: {arn}` at its key in the catalogue, give the key another "
        "`secretName`, or delete the secret"
    )
    with pytest.raises(grpc.RpcError) as refused:
        engine.make(ROLE, {"name": "reader", "assumeRolePolicy": TRUST})
    assert refused.value.details().endswith(
        "\n  try: delete it, choose another name, or adopt it with the resource option import_"
    )


def test_a_name_that_is_pending_deletion_is_told_with_the_command_that_restores_it(
    engine: Engine, secrets_manager: Any, moto_address: str
) -> None:
    secrets_manager.create_secret(Name="dev/key")
    secrets_manager.delete_secret(SecretId="dev/key", RecoveryWindowInDays=7)
    with pytest.raises(grpc.RpcError) as refused:
        engine.make(SECRET, {"name": "dev/key"})
    words, hint = refused.value.details().split("\n  try: ")
    assert words.startswith("the name `dev/key` is pending deletion until 2")
    assert hint.endswith(
        "aws secretsmanager restore-secret --secret-id dev/key "
        f"--region eu-west-1 --endpoint-url {moto_address}"
    )


class Context:
    """gRPC's context of one call."""

    def __init__(self) -> None:
        self.ended: tuple[grpc.StatusCode, str] | None = None

    def abort(self, code: grpc.StatusCode, words: str) -> None:
        self.ended = (code, words)
        raise RuntimeError

    def code(self) -> grpc.StatusCode | None:
        return self.ended[0] if self.ended else None


@pytest.mark.parametrize("operation", ["Create", "Check", "Invoke"])
def test_a_defect_of_the_sandbox_is_told_by_its_kind_only(
    monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    def broken(*_: Any) -> None:
        raise LookupError("canary")

    monkeypatch.setattr(Provider, operation.lower(), broken)
    requests = {
        "Create": provider_pb2.CreateRequest(urn=urn(ROLE, "it"), properties=message({"name": "canary"})),
        "Check": provider_pb2.CheckRequest(urn=urn(ROLE, "it"), news=message({"name": "canary"})),
        "Invoke": provider_pb2.InvokeRequest(tok="aws:index/getRegion:getRegion"),
    }
    context = Context()
    with pytest.raises(RuntimeError):
        getattr(ProviderPlugin("aws"), operation)(requests[operation], context)
    assert context.ended == (grpc.StatusCode.INTERNAL, "defect of the sandbox: LookupError")


def test_a_preview_says_what_only_the_cloud_knows_and_keeps_what_is_secret(engine: Engine, iam: Any) -> None:
    inputs = engine.checked(ROLE, {"name": UNKNOWN, "assumeRolePolicy": TRUST, "description": secret("why")})
    planned = engine.create(ROLE, inputs, preview=True)
    assert (planned.id, planned.outputs["arn"], planned.outputs["name"]) == ("", UNKNOWN, UNKNOWN)
    assert planned.outputs["description"] == secret("why")
    assert iam.list_roles()["Roles"] == []
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(ROLE, inputs)
    assert refused.value.details() == "the value of `name` is not known"
    assert iam.list_roles()["Roles"] == []


def test_a_preview_of_a_change_to_something_unknown_is_one_and_changes_nothing(
    engine: Engine, secrets_manager: Any
) -> None:
    made = engine.make(SECRET, {"name": "dev/key", "description": "old"})
    news = engine.checked(SECRET, {"name": "dev/key", "description": UNKNOWN}, olds=made.inputs)
    assert list(engine.diff(made, news).diffs) == ["description"]
    planned = engine.update(made, news, preview=True)
    assert (planned.outputs["description"], planned.outputs["arn"]) == (UNKNOWN, made.id)
    assert secrets_manager.describe_secret(SecretId=made.id)["Description"] == "old"


@pytest.mark.parametrize(
    ("kind", "old", "new", "kinds", "first"),
    [
        # Of the same name there is one at a time: the old one goes first.
        (
            ROLE,
            {"name": "r", "assumeRolePolicy": TRUST},
            {"name": "r", "assumeRolePolicy": TRUST, "path": "/p/"},
            {"path": KINDS.UPDATE_REPLACE},
            True,
        ),
        (
            ROLE,
            {"name": "r", "assumeRolePolicy": TRUST},
            {"name": "other", "assumeRolePolicy": TRUST},
            {"name": KINDS.UPDATE_REPLACE},
            False,
        ),
        (SECRET, {"name": "a"}, {"name": "b"}, {"name": KINDS.UPDATE_REPLACE}, False),
        (SECRET, {"name": "a"}, {"name": "a", "description": "d"}, {"description": KINDS.ADD}, None),
        (SECRET, {"name": "a", "description": "d"}, {"name": "a"}, {"description": KINDS.DELETE}, None),
    ],
)
def test_a_difference_says_what_is_made_anew_and_in_which_order(
    engine: Engine,
    kind: str,
    old: dict[str, Any],
    new: dict[str, Any],
    kinds: dict[str, int],
    first: bool | None,
) -> None:
    made = engine.make(kind, old)
    difference = engine.diff(made, engine.checked(kind, new, olds=made.inputs))
    found = {name: one.kind for name, one in difference.detailedDiff.items()}
    assert found == kinds
    assert bool(difference.replaces) == (first is not None)
    if first is not None:
        assert difference.deleteBeforeReplace == first


def test_the_functions_that_programs_call_answer(engine: Engine) -> None:
    assert engine.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert engine.invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
    assert engine.invoke("aws:index/getRegion:getRegion")["region"] == "eu-west-1"


def test_a_function_about_what_is_missing_fails_in_words(engine: Engine) -> None:
    function = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider"
    with pytest.raises(grpc.RpcError) as refused:
        engine.invoke(function, url="https://token.actions.githubusercontent.com")
    assert refused.value.code() == grpc.StatusCode.UNKNOWN
    assert "token.actions.githubusercontent.com" in refused.value.details()


def test_settings_that_change_change_no_resource(engine: Engine) -> None:
    request = provider_pb2.DiffRequest(
        old_inputs=message({"region": "eu-west-1", "endpoints": json.dumps([{"iam": "http://127.0.0.1:1"}])}),
        news=message({"region": "eu-west-1", "endpoints": json.dumps([{"iam": "http://127.0.0.1:2"}])}),
    )
    answer = engine.stub.DiffConfig(request)
    assert (list(answer.diffs), list(answer.replaces)) == (["endpoints"], [])
