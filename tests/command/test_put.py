"""`keyplan put`: a value comes in by prompt or standard input, is checked, stored once and never shown."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest

from keyplan.secret_value import SecretValue
from tests.command.environments import Environment, fake_key
from tests.command.fake_aws import Answer, FakeAws, failure
from tests.command.test_aws_credentials import identity

FINGERPRINT = SecretValue(fake_key()).fingerprint()


def test_a_value_is_stored_as_json_and_described_without_being_shown(environment: Environment) -> None:
    done = environment.run("put", "anthropic", given=f"{fake_key()}\n")
    assert done.returncode == 0
    assert environment.stored("anthropic") == {"ANTHROPIC_API_KEY": fake_key()}
    endpoint = environment.document["clouds"]["aws"]["endpoints"]["sts"].removeprefix("http://")
    (version,) = environment.secrets.list_secret_version_ids(SecretId=environment.arn("anthropic"))[
        "Versions"
    ]
    assert done.stdout == (
        f"stored a value for key anthropic of environment {environment.name}\n"
        f"  secret       {environment.name}/anthropic-api-key\n"
        f"  version      {version['VersionId']}\n"
        f"  fingerprint  {FINGERPRINT}\n"
        f"  account      123456789012, the sandbox at {endpoint}\n"
        "  stored by    user/moto\n"
        "  previous     none: this is the first value\n"
        "  read by      chat-api (ecs), evals (github-actions)\n"
        "  ECS tasks read when they start: redeploy them to use the new value\n"
    )
    assert done.stderr == ""


def test_the_json_form_has_every_documented_field(environment: Environment) -> None:
    environment.run("put", "anthropic", given=fake_key("a"))
    done = environment.run("put", "anthropic", "--format", "json", given=fake_key())
    document = json.loads(done.stdout)
    assert uuid.UUID(document.pop("versionId"))
    assert uuid.UUID(document.pop("previousVersionId"))
    assert document == {
        "format": "keyplan-put/1",
        "environment": environment.name,
        "key": "anthropic",
        "secret": f"{environment.name}/anthropic-api-key",
        "fingerprint": FINGERPRINT,
        "storedBy": "user/moto",
        "accountId": "123456789012",
        "region": "eu-west-1",
        "endpoint": environment.document["clouds"]["aws"]["endpoints"]["secretsmanager"],
        "readers": ["chat-api", "evals"],
        "dryRun": False,
    }


def test_the_version_before_stays_as_the_previous_one_and_both_say_who_stored_them(
    environment: Environment,
) -> None:
    for mark in "ab":
        environment.run("put", "anthropic", given=fake_key(mark))
    fingerprints = [SecretValue(fake_key(mark)).fingerprint() for mark in "ab"]
    assert environment.labels("anthropic") == [
        ["AWSPREVIOUS", f"keyplan:2:{fingerprints[0]}:aaa...aaAA:stored:user/moto"],
        ["AWSCURRENT", f"keyplan:2:{fingerprints[1]}:bbb...bbAA:stored:user/moto"],
    ]


def test_the_value_that_is_already_there_is_refused(environment: Environment) -> None:
    environment.run("put", "anthropic", given=fake_key())
    done = environment.run("put", "anthropic", given=fake_key())
    assert done.returncode == 2
    assert "key anthropic has this value already: version " in done.stderr
    assert len(environment.labels("anthropic")) == 1


def test_another_value_is_refused_while_a_rotation_is_under_way(environment: Environment) -> None:
    environment.run("put", "anthropic", given=fake_key("a"))
    environment.secrets.put_secret_value(
        SecretId=environment.arn("anthropic"),
        SecretString="{}",
        VersionStages=["keyplan:pending", "keyplan:2:0123456789ab:-:stored:alice"],
    )
    done = environment.run("put", "anthropic", given=fake_key("b"))
    assert done.returncode == 4
    assert "a rotation of key anthropic is under way: alice stored another value" in done.stderr
    assert "`keyplan rotate anthropic` finishes that rotation" in done.stderr
    assert environment.stored("anthropic") == {"ANTHROPIC_API_KEY": fake_key("a")}


def test_an_earlier_value_can_be_stored_again(environment: Environment) -> None:
    codes = [environment.run("put", "anthropic", given=fake_key(mark)).returncode for mark in "aba"]
    assert codes == [0, 0, 0]
    assert environment.stored("anthropic") == {"ANTHROPIC_API_KEY": fake_key("a")}


def test_old_labels_make_room_for_new_ones(environment: Environment) -> None:
    """A secret's versions may have 20 labels together; a key that is rotated for years has to go on
    working.
    """
    for number in range(14):
        environment.secrets.put_secret_value(
            SecretId=environment.arn("anthropic"),
            SecretString="{}",
            VersionStages=["AWSCURRENT", f"keyplan:2:{number:012}:-:stored:alice"],
        )
    assert environment.run("put", "anthropic", given=fake_key()).returncode == 0
    ours = [
        label
        for labels in environment.labels("anthropic")
        for label in labels
        if label.startswith("keyplan:")
    ]
    assert ours == [
        *(f"keyplan:2:{number:012}:-:stored:alice" for number in range(4, 14)),
        f"keyplan:2:{FINGERPRINT}:xxx...xxAA:stored:user/moto",
    ]


def test_a_short_value_gets_no_fingerprint_that_it_could_be_guessed_from(environment: Environment) -> None:
    done = environment.run("put", "openrouter", given="short-value")
    assert "fingerprint  none: the value is too short for one" in done.stdout
    assert environment.labels("openrouter") == [["AWSCURRENT", "keyplan:2:-:-:stored:user/moto"]]


def test_a_dry_run_checks_everything_and_stores_nothing(environment: Environment) -> None:
    done = environment.run("put", "anthropic", "--dry-run", given=fake_key())
    assert done.returncode == 0
    assert done.stdout.startswith("checked, and did not store, a value for key anthropic")
    assert environment.labels("anthropic") == []
    assert environment.run("put", "anthropic", "--dry-run", given="no key").returncode == 2
    assert environment.run("put", "openrouter", "--dry-run", given="x" * 65_536).returncode == 2


AS_ARGUMENT = {
    "after the name": ("put", "anthropic", fake_key()),
    "as an option": ("put", "anthropic", f"--value={fake_key()}"),
    "as an option's word": ("put", "anthropic", "--value", fake_key()),
    "as an assignment": ("put", f"anthropic={fake_key()}"),
    "in the name's place": ("put", fake_key()),
}


@pytest.mark.parametrize("arguments", AS_ARGUMENT.values(), ids=AS_ARGUMENT.keys())
def test_a_value_as_an_argument_is_refused_without_being_repeated(
    arguments: tuple[str, ...], environment: Environment
) -> None:
    done = environment.run(*arguments, given=fake_key())
    assert done.returncode == 2
    assert done.stderr == (
        "error: `keyplan put` takes one argument, the key's name; a value is never an argument; nothing was "
        "stored\n"
        "hint: if what you typed was a value: it is in your shell's history now and was visible in the list "
        "of "
        "processes; treat that key as leaked, revoke it at the vendor and make a new one\n"
    )
    assert environment.labels("anthropic") == []


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "there is no value: standard input was empty"),
    "a quote": (f"'{fake_key()}'".encode(), "there is a quote around the value"),
    "two line ends": (f"{fake_key()}\n\n".encode(), "there is more than one line end after the value"),
    "another encoding": (fake_key().encode("utf-16"), "the value is not UTF-8 text"),
    "an admin key": (("sk-ant-" + "admin01-" + "x" * 93 + "AA").encode(), "this is an Admin API key"),
    "an OAuth token": (("sk-ant-" + "oat01-" + "x" * 93 + "AA").encode(), "this is an OAuth access token"),
    "half a key": (fake_key()[:50].encode(), "it has 50 characters, of 108"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_key_is_refused_and_not_repeated(
    content: bytes, words: str, environment: Environment
) -> None:
    done = environment.run("put", "anthropic", "--verbose", given=content)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "xxxx" not in done.stderr
    assert environment.labels("anthropic") == []


def test_a_value_that_its_json_makes_too_large_is_refused(environment: Environment) -> None:
    around = len(json.dumps({"OPENROUTER_API_KEY": ""}))
    fits, too_large = b"x" * (65_536 - around), b"x" * (65_537 - around)
    refused = environment.run("put", "openrouter", given=too_large)
    assert (refused.returncode, "too large" in refused.stderr) == (2, True)
    assert environment.run("put", "openrouter", given=fits).returncode == 0
    assert environment.run("exec", "--only", "openrouter", "--", "true").returncode == 0


def test_a_key_that_the_environment_does_not_have_is_told_with_the_nearest_one(
    environment: Environment,
) -> None:
    done = environment.run("put", "antropic", given=fake_key())
    assert (done.returncode, done.stderr) == (
        2,
        f"error: there is no such key in environment {environment.name}; it has anthropic, openrouter\n"
        "hint: keyplan put anthropic\n",
    )


def test_a_deleted_secret_is_told_with_the_command_that_restores_it(environment: Environment) -> None:
    environment.secrets.delete_secret(SecretId=environment.arn("anthropic"), RecoveryWindowInDays=7)
    done = environment.run("put", "anthropic", given=fake_key())
    assert done.returncode == 3
    assert "is deleted, and can be restored until 20" in done.stderr
    assert "hint: keyplan restore anthropic" in done.stderr


def test_a_secret_of_another_account_than_the_callers_takes_nothing(environment: Environment) -> None:
    """A manifest could name a secret of somebody else's that lets everybody write to it."""
    text = json.dumps(environment.document).replace("123456789012", "999999999999")
    environment.document = json.loads(text)
    environment.save()
    done = environment.run("put", "anthropic", given=fake_key())
    assert done.returncode == 2
    assert "is in account 999999999999, and your AWS credentials are of account 123456789012" in done.stderr


def store_with(fake_aws: FakeAws, versions: list[dict[str, object]], put: Answer) -> None:
    fake_aws.answer("/", identity)
    fake_aws.answer("DescribeSecret", lambda _request: described(fake_aws))
    fake_aws.answer("ListSecretVersionIds", Answer({"Versions": versions}))
    fake_aws.answer("UpdateSecretVersionStage", failure("AccessDeniedException"))
    fake_aws.answer("PutSecretValue", put)


def described(fake_aws: FakeAws) -> Answer:
    """A secret whose first version is current as soon as it was put, as AWS has it."""
    puts = [json.loads(each.body) for each in fake_aws.requests if each.operation == "PutSecretValue"]
    stages = {each["ClientRequestToken"]: ["AWSCURRENT"] for each in puts}
    return Answer({"ARN": "a", "Name": "n", "VersionIdsToStages": stages})


def test_who_may_not_move_labels_is_told_before_anything_is_stored(
    at: Callable[[str], Environment], fake_aws: FakeAws
) -> None:
    versions: list[dict[str, object]] = [
        {
            "VersionId": f"{number:032}",
            "VersionStages": [f"keyplan:2:{number:012}:-:stored:a"],
            "CreatedDate": number,
        }
        for number in range(12)
    ]
    store_with(fake_aws, versions, Answer({"VersionId": "v" * 32}))
    done = at(fake_aws.url).run("put", "anthropic", given=fake_key())
    assert done.returncode == 3
    assert "may not do secretsmanager:UpdateSecretVersionStage" in done.stderr
    assert "PutSecretValue" not in fake_aws.operations()


def test_the_sdks_own_attempts_store_one_version(at: Callable[[str], Environment], fake_aws: FakeAws) -> None:
    store_with(fake_aws, [], Answer())
    fake_aws.answer("PutSecretValue", failure("ThrottlingException"), Answer({"VersionId": "v" * 32}))
    assert at(fake_aws.url).run("put", "anthropic", given=fake_key()).returncode == 0
    tokens = {
        json.loads(request.body)["ClientRequestToken"]
        for request in fake_aws.requests
        if request.operation == "PutSecretValue"
    }
    assert (fake_aws.operations().count("PutSecretValue"), len(tokens)) == (2, 1)


DENIALS = {
    "on the secret": (
        "x is not authorized",
        "may not do secretsmanager:PutSecretValue on secret dev/anthropic-api-key",
    ),
    "on the KMS key": (
        "Access to KMS is not allowed",
        "may not do kms:GenerateDataKey and kms:Decrypt on arn:aws:kms:",
    ),
}


@pytest.mark.parametrize(("message", "words"), DENIALS.values(), ids=DENIALS.keys())
def test_a_denial_says_whether_the_secret_or_the_kms_key_denied(
    message: str, words: str, at: Callable[[str], Environment], fake_aws: FakeAws
) -> None:
    store_with(fake_aws, [], failure("AccessDeniedException", message))
    done = at(fake_aws.url).run("put", "anthropic", given=fake_key())
    assert done.returncode == 3
    assert words in done.stderr


def test_silence_of_the_store_leaves_open_whether_the_value_was_stored(
    at: Callable[[str], Environment], fake_aws: FakeAws
) -> None:
    store_with(fake_aws, [], Answer(wait_seconds=30))
    done = at(fake_aws.url).run("put", "anthropic", "--timeout", "2", given=fake_key())
    assert done.returncode == 3
    assert "whether the value was stored is not known: look with `keyplan status`" in done.stderr
