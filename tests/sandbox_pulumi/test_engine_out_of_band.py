"""Secrets that somebody deleted behind Pulumi's back, and Ctrl-C in an update that the sandbox drives."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from sandbox.pulumi_cli.find import Engine
from tests.end_to_end.project_copy import ProjectCopy
from tests.sandbox_pulumi.engine_copy import clients, done, give_engine, planned, pulumi, up
from tests.sandbox_pulumi.engine_process import (
    locks,
    processes_of,
    running,
    secrets,
    write_catalogue,
)

SECRET = "dev/openrouter-api-key"


@pytest.fixture(scope="module")
def copy(make_copy: Callable[[], ProjectCopy], real_engine: Engine) -> ProjectCopy:
    """An environment with one secret, up."""
    result = give_engine(make_copy(), real_engine)
    write_catalogue(result)
    up(result, "dev")
    return result


def test_a_secret_that_is_gone_is_made_again_with_what_belongs_to_it(copy: ProjectCopy) -> None:
    clients(copy)("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    refreshed = done(pulumi(copy, "refresh", "--stack=dev", "--yes", "--skip-preview", "--json"))
    assert ("delete", "Secret dev-aws-openrouter-secret") in refreshed
    assert ("create", "Secret dev-aws-openrouter-secret") in planned(copy, "dev")
    up(copy, "dev")
    assert secrets(copy) == [SECRET]
    up(copy, "dev", "--expect-no-changes")
    status = copy.keyplan("status")
    assert "no value" in status.stdout, status.said


def test_a_secret_in_its_recovery_window_is_named_with_the_way_back(copy: ProjectCopy) -> None:
    store = clients(copy)("secretsmanager")
    store.delete_secret(SecretId=SECRET, RecoveryWindowInDays=7)
    told = " ".join(pulumi(copy, "preview", "--stack=dev", code=1).said.split())
    assert "1 secret of environment dev is pending deletion" in told
    assert f"aws secretsmanager restore-secret --secret-id {SECRET}" in told
    store.restore_secret(SecretId=SECRET)
    up(copy, "dev", "--expect-no-changes")


def test_ctrl_c_ends_an_update_of_the_sandbox_in_good_order_and_the_next_goes_on(
    make_copy: Callable[[], ProjectCopy], real_engine: Engine
) -> None:
    copy = give_engine(make_copy(), real_engine)
    with running(copy, "up") as first:
        first.wait_for(lambda: secrets(copy) != [])
        first.signal_group(signal.SIGINT)
        code, said = first.ended()
    assert (code, processes_of(copy), locks(copy)) == (130, {}, []), said
    assert "Traceback" not in said
    again = copy.sandbox("up")
    assert again.code == 0, again.said
    unchanged = copy.sandbox("up")
    assert "created:" not in unchanged.stdout, unchanged.said
