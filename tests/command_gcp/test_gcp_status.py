"""`keyplan status` on Google Cloud, and of the same keys on both clouds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from keyplan.secret_value import SecretValue
from tests.command.environments import Environment, fake_key
from tests.command_gcp.google import OPERATOR, OPERATOR_PERMISSIONS, STRANGER, Google, make_secrets


def rows_of(environment: Environment, *arguments: str, **variables: str) -> tuple[int, dict[str, Any]]:
    done = environment.run("status", "--format", "json", *arguments, **variables)
    return done.returncode, {row["key"]: row for row in json.loads(done.stdout)["keys"]}


def store(environment: Environment, key: str = "anthropic", mark: str = "x") -> None:
    done = environment.run("put", key, given=fake_key(mark))
    assert done.returncode == 0, done.stderr


def secret_of(environment: Environment, google: Google, key: str = "anthropic") -> Any:
    return google.secret(f"{environment.name}-{key}-api-key")


def disable(secret: Any) -> None:
    secret.versions[-1].state = "DISABLED"


def destroy(secret: Any) -> None:
    secret.versions[-1].state = "DESTROYED"


def forget(secret: Any) -> None:
    secret.aliases.clear()


def grow_old(days: int) -> Callable[[Any], None]:
    return lambda secret: secret.age(timedelta(days=days))


STATES: dict[str, tuple[Callable[[Any], None], str, int, int]] = {
    "fresh": (lambda secret: None, "ok", 0, 0),
    "due soon": (grow_old(80), "due-soon", 0, 0),
    "overdue": (grow_old(91), "overdue", 0, 1),
    "disabled": (disable, "disabled", 0, 1),
    "destroyed": (destroy, "destroyed", 0, 1),
    "stored by other means": (forget, "no-value", 0, 1),
}


def test_each_state_has_its_word_and_its_exit_codes(on_google: Environment, google: Google) -> None:
    store(on_google)
    store(on_google, "openrouter")
    secret = secret_of(on_google, google)
    untouched = replace(secret.versions[0]), dict(secret.aliases)
    for name, (change, word, code, code_of_check) in STATES.items():
        secret.versions[0], secret.aliases = replace(untouched[0]), dict(untouched[1])
        change(secret)
        found, rows = rows_of(on_google)
        assert (found, rows["anthropic"]["state"], name) == (code, word, name)
        assert on_google.run("status", "--check").returncode == code_of_check, name


def test_a_disabled_version_is_named_with_the_way_out(on_google: Environment, google: Google) -> None:
    store(on_google)
    disable(secret_of(on_google, google))
    done = on_google.run("status")
    secret = f"{on_google.name}-anthropic-api-key"
    assert (
        f"key anthropic of environment {on_google.name}: version 1 of secret {secret} that readers are sent "
        "to is disabled: they get no value" in done.stdout
    )
    assert f"gcloud secrets versions enable 1 --secret {secret} --project keyplan-sandbox" in done.stdout


def test_a_value_stored_by_other_means_is_shown_with_what_its_readers_get(
    on_google: Environment, google: Google
) -> None:
    store(on_google)
    secret = secret_of(on_google, google)
    secret.aliases.clear()
    secret.annotations.clear()
    done = on_google.run("status")
    line = next(line for line in done.stdout.splitlines() if line.startswith("anthropic"))
    assert line.split()[1:3] == ["no", "value"]
    assert "not keyplan" in line
    assert "has version 1, and no alias `current`: the readers of `current` get no value" in done.stdout


def test_five_hundred_keys_take_five_hundred_and_one_requests(on_google: Environment, google: Google) -> None:
    """The quota is 600 a minute, and each key by itself would take two."""
    key = on_google.document["keys"]["openrouter"]
    for number in range(498):
        name = f"{on_google.name}-more-{number}-api-key"
        gcp = {"name": name, "resource": f"projects/keyplan-sandbox/secrets/{name}"}
        on_google.document["keys"][f"more-{number}"] = {**key, "envVar": f"MORE_{number}", "gcp": gcp}
    make_secrets(google, on_google)
    on_google.save()
    google.asked.clear()
    code, rows = rows_of(on_google)
    assert (code, len(rows)) == (0, 500)
    assert len(google.asked) == 501
    assert google.asked[0].startswith("GET /v1/projects/keyplan-sandbox/secrets?pageSize=")


def test_an_operator_who_may_not_list_the_project_sees_the_environments_keys(
    on_google: Environment, google: Google
) -> None:
    store(on_google)
    for key in ("anthropic", "openrouter"):
        google.grant(f"{on_google.name}-{key}-api-key", OPERATOR, *OPERATOR_PERMISSIONS)
    code, rows = rows_of(on_google, KEYPLAN_SANDBOX_MEMBER=OPERATOR)
    assert (code, [row["state"] for row in rows.values()]) == (0, ["ok", "no-value"])


def test_a_stranger_sees_nothing_and_is_told_why(on_google: Environment) -> None:
    code, rows = rows_of(on_google, KEYPLAN_SANDBOX_MEMBER=STRANGER)
    assert (code, {row["state"] for row in rows.values()}) == (3, {"denied"})


def test_a_secret_that_lost_its_labels_is_found_all_the_same(on_google: Environment, google: Google) -> None:
    store(on_google)
    secret_of(on_google, google).labels.clear()
    assert rows_of(on_google)[1]["anthropic"]["state"] == "ok"


def test_an_api_that_is_not_enabled_is_said_once(on_google: Environment, google: Google) -> None:
    google.project.disabled_services.add("secretmanager.googleapis.com")
    done = on_google.run("status")
    assert done.returncode == 3
    assert done.stdout.endswith(
        f"keys anthropic, openrouter of environment {on_google.name}: the Secret Manager API is not enabled "
        "in project keyplan-sandbox\n  gcloud services enable secretmanager.googleapis.com --project "
        "keyplan-sandbox; it takes a minute or two\n"
    )
    assert len(google.asked) == 1


def test_a_sandbox_that_is_gone_is_told_with_the_way_to_start_it(on_google: Environment) -> None:
    on_google.document["clouds"]["gcp"]["endpoints"] = {"secretmanager": "http://127.0.0.1:1"}
    on_google.save()
    done = on_google.run("status")
    assert done.returncode == 3
    assert "no answer from the sandbox at 127.0.0.1:1: the connection was refused" in done.stdout
    assert "start the sandbox: make sandbox" in done.stdout


def test_a_version_that_nothing_points_to_is_told_beside_what_readers_get(
    on_google: Environment, google: Google
) -> None:
    store(on_google)
    secret = secret_of(on_google, google)
    secret.versions.append(replace(secret.versions[0], number=2))
    done = on_google.run("status", "--check")
    name = f"{on_google.name}-anthropic-api-key"
    assert f"version 2 of secret {name} is served to nobody: the command that stored it was" in done.stdout
    assert f"gcloud secrets versions disable 2 --secret {name} --project keyplan-sandbox" in done.stdout
    assert rows_of(on_google)[1]["anthropic"]["state"] == "ok"
    assert rows_of(on_google)[1]["anthropic"]["versionId"] == "1"


@pytest.fixture
def filled(on_both: Environment) -> Environment:
    """Both clouds have the value of one key."""
    store(on_both)
    return on_both


def test_clouds_stand_side_by_side(filled: Environment) -> None:
    lines = filled.run("status").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[3:]] == ["anthropic"] * 2 + ["openrouter"] * 2
    assert lines[3].endswith("user/moto               chat-api, evals")
    assert lines[4].endswith("user:admin@example.com  crawler, nightly, research")


def test_a_key_whose_clouds_differ_is_named_by_its_fingerprints(filled: Environment, google: Google) -> None:
    """Somebody moved the alias back by hand."""
    store(filled, mark="y")
    secret_of(filled, google).aliases = {"current": 1}
    old, new = (SecretValue(fake_key(mark)).fingerprint() for mark in "xy")
    done = filled.run("status", "--check")
    assert done.returncode == 1
    assert done.stdout.count("its clouds hold different values") == 1
    assert (
        f"key anthropic of environment {filled.name}: its clouds hold different values, fingerprints {new} "
        f"on AWS and {old} on Google Cloud\n  keyplan rotate anthropic ends that; keyplan history anthropic "
        "shows both\n" in done.stdout
    )
    row = rows_of(filled)[1]["anthropic"]
    assert (row["state"], [each["state"] for each in row["clouds"]]) == ("differs", ["differs", "differs"])
    assert fake_key("x") not in done.stdout + done.stderr


def test_the_worst_of_its_clouds_is_a_keys_state(filled: Environment, google: Google) -> None:
    disable(secret_of(filled, google))
    row = rows_of(filled)[1]["anthropic"]
    assert (row["state"], [each["state"] for each in row["clouds"]]) == ("disabled", ["ok", "disabled"])
    assert row["readers"] == ["chat-api", "evals", "crawler", "nightly", "research"]


def test_one_cloud_that_is_down_does_not_hide_the_other(filled: Environment, google: Google) -> None:
    google.dead.append("GET")
    code, rows = rows_of(filled)
    assert (code, [each["state"] for each in rows["anthropic"]["clouds"]]) == (3, ["ok", "unknown"])
