"""`keyplan rotate` by people who may not read, with --restart and --retire, and after a revocation."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.command_gcp.google import OPERATOR, OPERATOR_PERMISSIONS
from tests.home import Home, mark


def make_operator(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the caller may store on Google Cloud and not read."""
    assert home.google is not None
    home.google.grant(f"{home.environment.name}-anthropic-api-key", OPERATOR, *OPERATOR_PERMISSIONS)
    monkeypatch.setenv("KEYPLAN_SANDBOX_MEMBER", OPERATOR)


def test_an_operator_rotates_and_goes_back_without_ever_reading(
    on_google: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = on_google.new_key(), on_google.new_key()
    on_google.put(old)
    make_operator(on_google, monkeypatch)
    done = on_google.rotate(new)
    assert done.returncode == 0, done.stderr
    assert "confirmed by its metadata (you may not read the value)" in done.stderr
    assert on_google.served() == [new]
    back = on_google.run("rollback", "anthropic")
    assert back.returncode == 0, back.stderr
    assert "whether the previous value is alive was not asked: you may not read it" in back.stderr
    assert on_google.served() == [old]


def test_what_the_vendor_lists_as_ended_is_not_gone_back_to_by_somebody_who_may_not_read(
    on_google: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint on the version's label is what is looked for, with the admin key that they do have."""
    from keyplan.cli import admin_key
    from keyplan.manifest.model import Manifest
    from keyplan.secret_value import SecretValue
    from keyplan.vendors.organization import Organization
    from keyplan.vendors.road import VendorRoad
    from sandbox.vendor_server import Kind

    old, new = on_google.new_key("old-key"), on_google.new_key()
    on_google.put(old)
    assert on_google.rotate(new).returncode == 0
    on_google.deactivate(old)
    make_operator(on_google, monkeypatch)
    admin = on_google.world.create_key("admin", kind=Kind.ADMIN).value
    road = VendorRoad(Manifest.from_json(on_google.environment.document), [], 10.0, lambda _text: None)
    organization = Organization(road, SecretValue(admin))
    monkeypatch.setattr(admin_key, "open_organization", lambda *_: organization)
    refused = on_google.run("rollback", "anthropic")
    assert refused.returncode == 2
    assert "not to be served: the vendor lists it as old-key, inactive" in refused.stderr
    assert on_google.served() == [new]


def test_restart_runs_what_is_printed(on_aws: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, program = tmp_path / "asked", tmp_path / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    settings = on_aws.environment.document["consumers"]["chat-api"]["settings"]
    settings |= {"ecsCluster": "main", "ecsService": "chat-api"}
    on_aws.environment.save()
    on_aws.put(on_aws.new_key())
    assert not log.exists()
    assert on_aws.rotate(on_aws.new_key()).returncode == 0
    assert not log.exists()
    done = on_aws.rotate(on_aws.new_key(), "--restart")
    assert done.returncode == 0, done.stderr
    assert "restarted: chat-api" in done.stdout
    (asked,) = log.read_text().splitlines()
    assert (
        asked
        == "ecs update-service --cluster=main --service=chat-api --force-new-deployment --region=eu-west-1"
    )
    program.write_text("#!/bin/sh\nexit 3\n")
    failed = on_aws.rotate(on_aws.new_key(), "--restart", "--format", "json")
    assert failed.returncode == 1
    (restart,) = [each for each in json.loads(failed.stdout)["restarts"] if each["consumer"] == "chat-api"]
    assert (restart["done"], "exit code 3" in restart["failure"]) == (False, True)


def test_retire_says_that_it_is_too_early_and_that_is_no_failure(on_aws: Home) -> None:
    old, new = on_aws.new_key(), on_aws.new_key()
    on_aws.put(old)
    done = on_aws.rotate(new, "--retire")
    assert done.returncode == 0, done.stderr
    assert "not yet: " in done.stdout
    assert on_aws.stages() == [{"current": mark(new), "previous": mark(old)}]


def test_a_key_whose_vendor_nobody_can_ask_is_rotated_and_that_is_said(on_aws: Home) -> None:
    run = on_aws.environment.run
    assert run("put", "openrouter", given="first-" + "x" * 30).returncode == 0
    done = run("rotate", "openrouter", given="second-" + "x" * 30)
    assert done.returncode == 0, done.stderr
    assert "where  at the vendor (the catalogue names no page)" in done.stderr
    assert "vendor       unknown: nothing to ask: no checkUrl in the catalogue" in done.stdout
    assert on_aws.environment.stored("openrouter") == {"OPENROUTER_API_KEY": "second-" + "x" * 30}


def test_a_short_value_is_rotated_without_a_fingerprint(on_aws: Home) -> None:
    run = on_aws.environment.run
    assert run("put", "openrouter", given="short-one").returncode == 0
    done = run("rotate", "openrouter", given="short-two")
    assert done.returncode == 0, done.stderr
    assert "fingerprint  none: the value is too short for one" in done.stdout
    back = run("rollback", "openrouter")
    assert back.returncode == 0, back.stderr
    assert on_aws.environment.stored("openrouter") == {"OPENROUTER_API_KEY": "short-one"}


def test_a_key_that_was_revoked_is_served_again_after_a_rotation(home: Home) -> None:
    leaked, new = home.new_key(), home.new_key()
    home.put(leaked)
    shut = home.environment.run("revoke", "anthropic", "--leaked", "--yes")
    assert shut.returncode in (0, 1), shut.stderr
    done = home.rotate(leaked)
    assert done.returncode == 2
    assert "this value was revoked on " in done.stderr
    done = home.rotate(new)
    assert done.returncode == 0, done.stderr
    assert "a value that was revoked on " in done.stderr
    assert "goes on working" not in done.stdout
    assert set(home.served()) == {new}
    refused = home.run("rollback", "anthropic")
    assert refused.returncode in (2, 3)
    assert set(home.served()) == {new}
