"""What has to start again after a rotation, and running that with the user's own programs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.catalogue import Runtime
from keyplan.restarts.commands import Restart, lines_of, restart_of, restarts_of
from keyplan.restarts.running import run_restarts
from tests.life.conftest import NOW, manifest_with

CLUSTER = "arn:aws:eks:eu-west-1:123456789012:cluster/main"


def restart(runtime: str, settings: dict[str, Any], *, cloud: str = "aws", sandbox: bool = False) -> Restart:
    manifest = manifest_with(
        {"it": {"runtime": runtime, "cloud": cloud, "settings": settings}}, sandbox=sandbox
    )
    (found,) = restarts_of(manifest, "anthropic", NOW)
    return found


# runtime, cloud, settings -> the command as a shell takes it; None: nothing to run from here
COMMANDS: dict[str, tuple[str, str, dict[str, Any], str | None]] = {
    "ecs": (
        "ecs", "aws", {"readAt": "start", "ecsCluster": "main", "ecsService": "chat"},
        "aws ecs update-service --cluster=main --service=chat --force-new-deployment --region=eu-west-1",
    ),
    "ecs without names": (
        "ecs", "aws", {},
        "aws ecs update-service --cluster=CLUSTER --service=SERVICE --force-new-deployment "
        "--region=eu-west-1",
    ),
    "lambda": (
        "lambda", "aws", {"functionName": "summarize"},
        "aws lambda update-function-configuration --function-name=summarize "
        "'--description=reads its keys anew since 20261121T181500Z' --region=eu-west-1",
    ),
    "eks": (
        "eks", "aws", {"cluster": "main", "namespace": "search", "deployment": "indexer"},
        f"kubectl rollout restart deployment/indexer --namespace=search --context={CLUSTER}",
    ),
    "eks with a context": (
        "eks", "aws",
        {"cluster": "main", "namespace": "search", "deployment": "indexer", "kubeContext": "blue"},
        "kubectl rollout restart deployment/indexer --namespace=search --context=blue",
    ),
    "gke": (
        "gke", "gcp", {"namespace": "search", "deployment": "indexer"},
        "kubectl rollout restart deployment/indexer --namespace=search --context=CONTEXT",
    ),
    "cloud run": (
        "cloud-run", "gcp", {"serviceName": "web"},
        "gcloud run services update web --update-labels=keyplan-restarted=20261121t181500z "
        "--region=europe-west1 --project=keyplan-sandbox",
    ),
    "cloud run job": ("cloud-run-job", "gcp", {"serviceName": "nightly"}, None),
    "cloud build": ("cloud-build", "gcp", {}, None),
    "compute engine": ("compute-engine", "gcp", {}, None),
    "ec2": ("ec2", "aws", {}, None),
    "a role": ("iam-role", "aws", {}, None),
    "people": ("people", "aws", {}, None),
    "ci": ("github-actions", "aws", {"repository": "example/evals"}, None),
}  # fmt: skip


@pytest.mark.parametrize("case", COMMANDS)
def test_each_runtime_has_its_command(case: str) -> None:
    runtime, cloud, settings, expected = COMMANDS[case]
    assert restart(runtime, settings, cloud=cloud).line == expected


def test_every_runtime_of_the_catalogue_is_known() -> None:
    for runtime in Runtime:
        cloud = "gcp" if runtime.value.startswith(("cloud", "gke", "compute")) else "aws"
        assert "does not know" not in restart(runtime.value, {}, cloud=cloud).why, runtime


def test_a_runtime_of_a_newer_keyplan_is_left_to_a_person() -> None:
    manifest = manifest_with({"it": {"runtime": "ecs"}})
    found = restart_of(manifest, replace(manifest.consumers["it"], runtime="space-station"), NOW)
    assert (found.command, found.is_runnable) == (None, False)
    assert "look after it yourself" in found.why


def test_only_a_complete_command_that_is_needed_is_run() -> None:
    runnable = {
        case: restart(runtime, settings, cloud=cloud).is_runnable
        for case, (runtime, cloud, settings, _) in COMMANDS.items()
    }
    assert {case for case, can in runnable.items() if can} == {
        "ecs",
        "eks",
        "eks with a context",
        "cloud run",
    }


def test_the_sandbox_has_ecs_and_neither_kubernetes_nor_cloud_run() -> None:
    """Its commands would meet a real cluster, or a real project, with the user's own credentials."""
    ecs = restart("ecs", {"ecsCluster": "main", "ecsService": "chat"}, sandbox=True)
    assert ecs.is_runnable
    assert ecs.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    assert (ecs.line or "").startswith("AWS_ENDPOINT_URL=http://127.0.0.1:5000 AWS_ACCESS_KEY_ID=testing ")
    eks = {"cluster": "main", "namespace": "search", "deployment": "indexer"}
    assert not restart("eks", eks, sandbox=True).is_runnable
    assert not restart("cloud-run", {"serviceName": "web"}, cloud="gcp", sandbox=True).is_runnable


@pytest.mark.parametrize(
    ("runtime", "service", "operation"),
    [("ecs", "ecs", "UpdateService"), ("lambda", "lambda", "UpdateFunctionConfiguration")],
)
def test_aws_knows_the_arguments(runtime: str, service: str, operation: str) -> None:
    """The options are those of the operation's model, from which the AWS CLI makes its own."""
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    assert model.input_shape is not None
    from botocore import xform_name

    known = {f"--{xform_name(name, '-')}" for name in model.input_shape.members} | {"--region"}
    command = restart(runtime, {}).command or ()
    assert command[:3] == ("aws", service, xform_name(operation, "-"))
    assert {option.partition("=")[0] for option in command[3:]} <= known


HOSTILE = st.one_of(
    st.sampled_from(
        ["--cli-input-json", "-x", "file:///etc/passwd", "a b", "a;b", "", "$(id)", "a\n--b", "é"]
    ),
    st.text(max_size=20).filter(lambda text: not text.isascii() or not text[:1].isalnum()),
    st.integers(),
)


@given(name=HOSTILE)
def test_a_name_never_becomes_an_option_or_a_file(name: Any) -> None:
    """A manifest is a file that travels: what it says must not reach a program as anything but a name."""
    settings = dict.fromkeys(
        ("ecsCluster", "ecsService", "functionName", "serviceName", "deployment", "namespace", "kubeContext"),
        name,
    )
    for runtime, cloud in (("ecs", "aws"), ("lambda", "aws"), ("cloud-run", "gcp"), ("gke", "gcp")):
        found = restart(runtime, settings, cloud=cloud)
        assert found.blanks
        assert not found.is_runnable
        assert all(str(name) != argument for argument in found.command or ())


def test_what_is_printed_names_the_consumer_and_what_to_fill_in() -> None:
    assert lines_of([restart("ecs", {"ecsCluster": "main"})]) == [
        "  it (ecs): ECS gives a task the value when the task starts: redeploy, or its tasks keep the old "
        "one",
        "    aws ecs update-service --cluster=main --service=SERVICE --force-new-deployment "
        "--region=eu-west-1",
        "    fill in SERVICE",
    ]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with an `aws` that writes down what it was called with, and fails where it is told to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    aws = folder / "aws"
    aws.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\nenv > {tmp_path}/variables\n'
        f"[ -e {tmp_path}/hang ] && exec sleep 30\n[ -e {tmp_path}/fail ] && exit 254\nexit 0\n"
    )
    aws.chmod(0o755)
    return tmp_path


def environ(program: Path) -> dict[str, str]:
    return {"PATH": f"{program}/bin:{os.environ['PATH']}", "ANTHROPIC_ADMIN_API_KEY": "x", "AWS_PROFILE": "p"}


ECS = {"ecsCluster": "main", "ecsService": "chat"}


def test_what_is_printed_is_what_is_run(program: Path) -> None:
    found, said = restart("ecs", ECS), []
    (ran,) = run_restarts([found, restart("people", {})], said.append, environ(program))
    assert ran.failure is None
    assert tuple((program / "arguments").read_text().splitlines()) == (found.command or ())[1:]
    assert said == [f"restarting it: {found.line}", "  done"]


def test_an_admin_key_of_the_environment_stays_with_keyplan(program: Path) -> None:
    run_restarts([restart("ecs", ECS)], lambda _text: None, environ(program))
    variables = (program / "variables").read_text()
    assert "AWS_PROFILE=p" in variables
    assert "ANTHROPIC" not in variables


def test_a_restart_that_fails_does_not_stop_the_next(program: Path) -> None:
    (program / "fail").touch()
    ran = run_restarts([restart("ecs", ECS)] * 2, lambda _text: None, environ(program))
    assert [each.failure for each in ran] == ["not done: aws ended with exit code 254"] * 2


def test_a_program_that_is_not_there_or_hangs_is_told(program: Path) -> None:
    (ran,) = run_restarts([restart("ecs", ECS)], lambda _text: None, {"PATH": str(program / "nothing")})
    assert ran.failure == "not done: aws is not installed here; run the command where it is"
    (program / "hang").touch()
    (ran,) = run_restarts([restart("ecs", ECS)], lambda _text: None, environ(program), limit_seconds=1)
    assert ran.failure == "not known: aws did not end within 1 seconds and was stopped"
