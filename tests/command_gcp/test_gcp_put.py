"""`keyplan put` on Google Cloud: added, verified, then made current, and nothing of the value elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from keyplan.secret_value import SecretValue
from tests.command.environments import Environment, fake_key
from tests.command_gcp.google import OPERATOR, OPERATOR_PERMISSIONS, READER, STRANGER, Google
from tests.command_gcp.googles_client import read_by

FINGERPRINT = SecretValue(fake_key()).fingerprint()


def secret_of(environment: Environment, key: str = "anthropic") -> str:
    return f"{environment.name}-{key}-api-key"


def test_a_value_is_stored_as_it_is_and_described_without_being_shown(
    on_google: Environment, google: Google
) -> None:
    done = on_google.run("put", "anthropic", given=f"{fake_key()}\n")
    assert done.stderr == ""
    assert google.payloads(secret_of(on_google)) == [fake_key()]
    assert done.stdout == (
        f"stored a value for key anthropic of environment {on_google.name}\n"
        f"  secret       {secret_of(on_google)}\n"
        "  version      1\n"
        f"  fingerprint  {FINGERPRINT}\n"
        f"  project      keyplan-sandbox, the sandbox at 127.0.0.1:{google.port}\n"
        "  stored by    user:admin@example.com\n"
        "  previous     none: this is the first value\n"
        "  read by      crawler (cloud-run), nightly (gitlab-ci), research (people)\n"
        "  Cloud Run instances read when they start: deploy a new revision to use the new value\n"
    )


def test_a_listed_reader_gets_it_with_googles_own_client_and_a_stranger_does_not(
    on_google: Environment, google: Google
) -> None:
    from google.api_core.exceptions import Forbidden

    on_google.run("put", "anthropic", given=fake_key())
    google.grant(secret_of(on_google), READER, role="roles/secretmanager.secretAccessor")
    assert read_by(READER, google, secret_of(on_google)) == fake_key()
    with pytest.raises(Forbidden):
        read_by(STRANGER, google, secret_of(on_google))


def test_the_aliases_move_and_the_annotations_say_who_stored_what(
    on_google: Environment, google: Google
) -> None:
    for mark in "ab":
        assert on_google.run("put", "anthropic", given=fake_key(mark)).returncode == 0
    shown = google.secret(secret_of(on_google)).shown()
    first, second = (SecretValue(fake_key(mark)).fingerprint() for mark in "ab")
    assert shown["versionAliases"] == {"current": "2", "previous": "1"}
    assert shown["annotations"] == {
        "owner": "ml@example.com",
        "keyplan-1": f"{first}:aaa...aaAA:stored:user:admin@example.com",
        "keyplan-2": f"{second}:bbb...bbAA:stored:user:admin@example.com",
    }


def test_the_json_form_has_both_clouds_form_with_one_of_them(on_google: Environment, google: Google) -> None:
    document = json.loads(on_google.run("put", "anthropic", "--format", "json", given=fake_key()).stdout)
    assert document == {
        "format": "keyplan-put/1",
        "environment": on_google.name,
        "key": "anthropic",
        "secret": secret_of(on_google),
        "versionId": "1",
        "fingerprint": FINGERPRINT,
        "storedBy": "user:admin@example.com",
        "previousVersionId": None,
        "accountId": None,
        "region": None,
        "projectId": "keyplan-sandbox",
        "endpoint": google.url,
        "readers": ["crawler", "nightly", "research"],
        "dryRun": False,
        "clouds": [
            {
                "cloud": "gcp",
                "secret": secret_of(on_google),
                "versionId": "1",
                "storedBy": "user:admin@example.com",
                "previousVersionId": None,
                "endpoint": google.url,
                "wasThere": False,
            }
        ],
    }


def test_the_value_that_is_already_there_is_refused_and_stored_no_second_time(
    on_google: Environment, google: Google
) -> None:
    on_google.run("put", "anthropic", given=fake_key())
    done = on_google.run("put", "anthropic", given=fake_key())
    assert done.returncode == 2
    assert "key anthropic has this value already: version 1, stored 20" in done.stderr
    assert len(google.payloads(secret_of(on_google))) == 1


def test_a_dry_run_changes_nothing(on_google: Environment, google: Google) -> None:
    done = on_google.run("put", "anthropic", "--dry-run", given=fake_key())
    assert done.returncode == 0
    assert "version      none: a dry run" in done.stdout
    assert not any(line.startswith(("POST", "PATCH")) for line in google.asked)


def test_an_operator_stores_without_any_other_permission(on_google: Environment, google: Google) -> None:
    """The permissions of the component's role, on the one secret."""
    google.grant(secret_of(on_google), OPERATOR, *OPERATOR_PERMISSIONS)
    for mark in "ab":
        done = on_google.run("put", "anthropic", given=fake_key(mark), KEYPLAN_SANDBOX_MEMBER=OPERATOR)
        assert done.returncode == 0, done.stderr
    read = on_google.run("exec", "--only", "anthropic", "--", "true", KEYPLAN_SANDBOX_MEMBER=OPERATOR)
    assert read.returncode == 3
    assert "may not do secretmanager.versions.access" in read.stderr


def test_a_stranger_is_refused_before_the_value_goes_anywhere(on_google: Environment, google: Google) -> None:
    done = on_google.run("put", "anthropic", given=fake_key(), KEYPLAN_SANDBOX_MEMBER=STRANGER)
    assert done.returncode == 3
    assert (
        f"your Google Cloud identity may not do secretmanager.secrets.get on secret {secret_of(on_google)}, "
        "or there is no such secret (project keyplan-sandbox)" in done.stderr
    )
    assert not any(line.startswith("POST") for line in google.asked)


def test_a_secret_that_is_not_there_is_told_to_whoever_may_know(
    on_google: Environment, google: Google
) -> None:
    del google.project.secrets[secret_of(on_google)]
    done = on_google.run("put", "anthropic", given=fake_key())
    assert done.returncode == 3
    assert f"there is no secret {secret_of(on_google)} (project keyplan-sandbox)" in done.stderr


def test_an_api_that_is_not_enabled_is_told_with_the_command_that_enables_it(
    on_google: Environment, google: Google
) -> None:
    google.project.disabled_services.add("secretmanager.googleapis.com")
    done = on_google.run("put", "anthropic", given=fake_key())
    assert done.returncode == 3
    assert "the Secret Manager API is not enabled in project keyplan-sandbox" in done.stderr
    assert "gcloud services enable secretmanager.googleapis.com --project keyplan-sandbox" in done.stderr


def test_a_project_that_does_not_exist_is_told_as_that(on_google: Environment) -> None:
    text = json.dumps(on_google.document).replace("keyplan-sandbox", "keyplan-unknown")
    on_google.document = json.loads(text)
    on_google.save()
    done = on_google.run("put", "anthropic", given=fake_key())
    assert done.returncode == 3
    assert "there is no project keyplan-unknown, or your Google Cloud identity may not use it" in done.stderr


def test_somebody_who_stores_at_the_same_time_is_told_and_nothing_is_lost(
    on_google: Environment, google: Google
) -> None:
    """The other one comes right before this command's promotion."""
    on_google.run("put", "anthropic", given=fake_key("a"))
    secret = google.secret(secret_of(on_google))

    def between() -> None:
        secret.versions.append(replace(secret.versions[0], number=3))
        secret.aliases = {"current": 3, "previous": 1}
        secret.etag = '"another"'

    google.before_one(3, "PATCH", between)
    done = on_google.run("put", "anthropic", given=fake_key("b"))
    assert done.returncode == 4
    assert f"somebody changed secret {secret_of(on_google)} at the same time" in done.stderr
    assert "readers on Google Cloud get a value that somebody else stored at the same time" in done.stderr
    assert secret.aliases == {"current": 3, "previous": 1}
    assert [version.state for version in secret.versions] == ["ENABLED", "DISABLED", "ENABLED"]


def test_of_two_who_begin_at_the_same_time_one_is_told(on_google: Environment, google: Google) -> None:
    """The other one's version is pending by the time at which this command's would be."""
    on_google.run("put", "anthropic", given=fake_key("a"))
    secret = google.secret(secret_of(on_google))

    def between() -> None:
        secret.versions.append(replace(secret.versions[0], number=3))
        secret.aliases = {"current": 1, "pending": 3}
        secret.etag = '"another"'

    google.before["PATCH"] = between
    done = on_google.run("put", "anthropic", given=fake_key("b"))
    assert done.returncode == 4
    assert f"somebody changed secret {secret_of(on_google)} at the same time" in done.stderr
    assert secret.aliases == {"current": 1, "pending": 3}
    assert not any(":addVersion" in line for line in google.asked[-3:])


def test_a_secret_whose_labels_change_meanwhile_is_stored_in_all_the_same(
    on_google: Environment, google: Google
) -> None:
    secret = google.secret(secret_of(on_google))

    def between() -> None:
        secret.annotations["owner"] = "new@example.com"
        secret.etag = '"another"'

    google.before["PATCH"] = between
    assert on_google.run("put", "anthropic", given=fake_key()).returncode == 0
    assert secret.aliases == {"current": 1}
    assert secret.annotations["owner"] == "new@example.com"


def test_an_update_whose_answer_was_lost_is_found_done(on_google: Environment, google: Google) -> None:
    google.lost.append("PATCH")
    done = on_google.run("put", "anthropic", given=fake_key())
    assert done.returncode == 0, done.stderr
    assert google.secret(secret_of(on_google)).aliases == {"current": 1}


def test_an_addition_that_gets_no_answer_is_not_repeated(on_google: Environment, google: Google) -> None:
    """A second version would stay behind, and nobody would know whose it is."""
    google.dead.append(":addVersion")
    done = on_google.run("put", "anthropic", given=fake_key())
    assert done.returncode == 3
    assert "nothing was changed: readers on Google Cloud get what they got before" in done.stderr
    assert len([line for line in google.asked if ":addVersion" in line]) == 1


def test_a_store_that_did_not_verify_the_checksum_is_not_believed(
    on_google: Environment, google: Google
) -> None:
    unverified = {"name": "projects/1/secrets/x/versions/1", "state": "ENABLED"}
    google.answers[":addVersion"] = (200, unverified)
    done = on_google.run("put", "anthropic", given=fake_key())
    assert done.returncode == 3
    assert "without verifying its checksum" in done.stderr
    assert google.secret(secret_of(on_google)).aliases == {}


def test_annotations_and_aliases_of_others_stay_and_only_the_newest_of_ours(
    on_google: Environment, google: Google
) -> None:
    secret = google.secret(secret_of(on_google))
    on_google.run("put", "anthropic", given=fake_key("a"))
    secret.versions += [replace(secret.versions[0], number=number) for number in range(2, 13)]
    for number in range(2, 13):
        secret.annotations[f"keyplan-{number}"] = f"{number:012}:-:stored:user:alice@example.com"
    secret.aliases = {"current": 12, "previous": 11, "blue": 3}
    assert on_google.run("put", "anthropic", given=fake_key("b")).returncode == 0
    assert secret.aliases == {"blue": 3, "current": 13, "previous": 12}
    assert sorted(secret.annotations) == sorted(["owner", *(f"keyplan-{number}" for number in range(4, 14))])


def test_a_short_value_gets_no_fingerprint(on_google: Environment, google: Google) -> None:
    on_google.run("put", "openrouter", given="short-value")
    assert google.secret(secret_of(on_google, "openrouter")).annotations["keyplan-1"] == (
        "-:-:stored:user:admin@example.com"
    )


def test_the_value_is_in_no_output_whatever_fails(on_google: Environment, google: Google) -> None:
    """Also with --verbose, and also where the store's answer repeats what it got."""
    canary = fake_key("c")
    echo = {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": f"bad {canary}"}}
    for part, status in ((":addVersion", 400), (":addVersion", 500), ("PATCH", 400), ("GET", 403), ("", 418)):
        google.answers = {part: (status, echo)}
        done = on_google.run("put", "anthropic", "--verbose", given=canary)
        assert done.returncode == 3
        assert canary not in done.stdout + done.stderr
        assert "sandbox:user" not in done.stderr
