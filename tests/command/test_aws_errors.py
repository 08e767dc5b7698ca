"""Every failure of AWS and of its SDK is told in words of our own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import botocore
import botocore.exceptions
import pytest
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.retries import standard

from keyplan import errors
from keyplan.endpoints import Endpoint
from keyplan.stores.aws_errors import (
    BY_CODE,
    TRANSIENT,
    Place,
    Subject,
    error_for,
    pending_deletion,
    unreachable,
)
from keyplan.stores.aws_sdk_errors import NO_ANSWER, WORDS, in_our_words, sdk_error

ARN = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
PLACE = Place("prod", "123456789012", "eu-west-1", ARN, None)
READ = Subject(PLACE, "secretsmanager:GetSecretValue", "anthropic", "prod/anthropic-api-key")
PUT = Subject(PLACE, "secretsmanager:PutSecretValue", "anthropic", "prod/anthropic-api-key")
MOVE = Subject(PLACE, "secretsmanager:UpdateSecretVersionStage", "anthropic", "prod/anthropic-api-key")
NAMED = "key anthropic of environment prod: "
SECRET_TEXT = "private-text-of-aws"

ROWS: dict[str, tuple[str, str, type[errors.KeyplanError], str]] = {
    "denied on the secret": (
        "AccessDeniedException",
        "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: secretsmanager:GetSecretValue on "
        "resource: prod/kms-tools in role kms because no identity-based policy allows the action",
        errors.AccessDenied,
        "your AWS identity may not do secretsmanager:GetSecretValue on secret prod/anthropic-api-key "
        "(account 123456789012, region eu-west-1)",
    ),
    "denied on the KMS key, as Secrets Manager words it": (
        "AccessDeniedException",
        "Access to KMS is not allowed",
        errors.DecryptDenied,
        "the secret is open to you, but the KMS key behind it is not: your AWS identity may not do "
        "kms:Decrypt on "
        + ARN,
    ),
    "denied on the KMS key, as KMS words it": (
        "AccessDeniedException",
        f"User: x is not authorized to perform: kms:Decrypt on resource: {ARN}",
        errors.DecryptDenied,
        "the secret is open to you, but the KMS key behind it is not: your AWS identity may not do "
        "kms:Decrypt on "
        + ARN,
    ),
    "a KMS key that is disabled": (
        "DecryptionFailure",
        "",
        errors.DecryptDenied,
        f"the KMS key {ARN} cannot be used: it is disabled, deleted or not there",
    ),
    "no such secret": (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
        errors.SecretMissing,
        "there is no secret prod/anthropic-api-key (account 123456789012, region eu-west-1)",
    ),
    "no value yet": (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        errors.ValueMissing,
        "nobody has stored a value in secret prod/anthropic-api-key yet",
    ),
    "deleted": (
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
        errors.PendingDeletion,
        "secret prod/anthropic-api-key is deleted, and can be restored until its recovery window ends",
    ),
    "another state of the secret": (
        "InvalidRequestException",
        "",
        errors.StoreError,
        "Secrets Manager refuses secretsmanager:GetSecretValue in the secret's present state",
    ),
    "credentials that have expired": (
        "ExpiredTokenException",
        "",
        errors.StoreError,
        "your AWS credentials have expired",
    ),
    "a clock that is wrong": (
        "InvalidSignatureException",
        "Signature expired: 20261121T083000Z is now earlier than 20261121T090000Z",
        errors.StoreError,
        "AWS refuses the request's time: this machine's clock is more than 5 minutes off",
    ),
    "a secret access key that is wrong": (
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided.",
        errors.StoreError,
        "AWS does not accept the signature: the secret access key does not belong to the access key",
    ),
    "a code that nobody knows": (
        "BrandNewException",
        "",
        errors.StoreError,
        "AWS in eu-west-1 answered secretsmanager:GetSecretValue with BrandNewException, which keyplan does "
        "not "
        "know",
    ),
    "an answer that is no code": (
        "<html>private-text-of-aws",
        "",
        errors.StoreError,
        "AWS in eu-west-1 answered secretsmanager:GetSecretValue with an unreadable answer, which keyplan "
        "does "
        "not know",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "message", "kind", "words"), ROWS.values(), ids=ROWS.keys())
def test_each_answer_becomes_its_own_error(
    code: str, message: str, kind: type[errors.KeyplanError], words: str
) -> None:
    error = error_for(code, message, READ)
    assert (type(error), error.message) == (kind, NAMED + words)


# What AWS says when a label is not where RemoveFromVersionId has it, or a version is gone.
MOVED: dict[str, tuple[str, str]] = {
    "the label is on another version": (
        "InvalidParameterException",
        "When you move staging label AWSCURRENT, RemoveFromVersionId must be the version that has it.",
    ),
    "the label is on a version that was not named": (
        "InvalidParameterException",
        "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached.",
    ),
    "the version is gone": (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for VersionId: 0a1b",
    ),
}


@pytest.mark.parametrize(("code", "message"), MOVED.values(), ids=MOVED.keys())
def test_a_label_that_is_elsewhere_means_that_somebody_was_first(code: str, message: str) -> None:
    error = error_for(code, message, MOVE)
    assert type(error) is errors.ChangedMeanwhile
    assert error.exit_code == 4
    assert error.message == (
        NAMED + "somebody changed the versions of secret prod/anthropic-api-key at the same time"
    )
    assert not isinstance(error_for(code, message, READ), errors.ChangedMeanwhile)


def test_a_secret_that_is_gone_is_told_when_labels_are_moved_too() -> None:
    error = error_for("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", MOVE)
    assert type(error) is errors.SecretMissing


def test_silence_after_a_move_leaves_open_what_readers_get() -> None:
    hint = unreachable(MOVE, "it took too long").hint
    assert hint == "whether readers get another version now is not known: look with `keyplan status`"


def service_model() -> Any:
    directory = Path(botocore.__file__).parent / "data" / "secretsmanager"
    file = next(directory.glob("*/service-2.json*"))
    content = file.read_bytes()
    return json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)


def test_every_error_of_secrets_managers_model_is_known() -> None:
    model = service_model()
    codes = {name for name, shape in model["shapes"].items() if shape.get("exception")}
    assert codes - set(BY_CODE) == set()


def test_everything_that_botocore_tries_again_is_tried_again() -> None:
    throttling = set(standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    # Secrets Manager's LimitExceededException is a quota of versions and labels, which waiting does not
    # change.
    assert throttling - TRANSIENT == {"LimitExceededException"}


@pytest.mark.parametrize("code", [*BY_CODE, "Unknown"])
@pytest.mark.parametrize("subject", [READ, PUT, Subject(PLACE, "sts:GetCallerIdentity")])
def test_no_error_repeats_what_aws_wrote(code: str, subject: Subject) -> None:
    for words in ("", "kms ", "secret value ", "deletion ", "expired "):
        error = error_for(code, f"{words}{SECRET_TEXT}", subject)
        assert isinstance(error, errors.KeyplanError)
        assert SECRET_TEXT not in f"{error.message} {error.hint} {error.args}"
        assert "environment prod" in error.message
        assert not error.message.endswith(".")


def sdk_classes() -> list[type[Exception]]:
    found: list[type[Exception]] = []
    for candidate in vars(botocore.exceptions).values():
        is_class = isinstance(candidate, type) and issubclass(candidate, (BotoCoreError, HTTPClientError))
        if is_class and candidate is not BotoCoreError:
            found.append(candidate)
    return found


@pytest.mark.parametrize("kind", sdk_classes())
def test_every_exception_of_the_sdk_is_told_without_its_text(kind: type[Exception]) -> None:
    raised = kind.__new__(kind)
    raised.args = (SECRET_TEXT,)
    error = sdk_error(raised, READ)
    assert isinstance(error, errors.StoreError)
    assert SECRET_TEXT not in f"{error.message} {error.hint}"


def test_the_names_in_the_sdk_map_exist() -> None:
    known = set(vars(botocore.exceptions))
    assert (set(WORDS) | set(NO_ANSWER)) - known == set()


def test_nothing_of_the_sdks_error_is_left_to_be_printed() -> None:
    with pytest.raises(errors.AccessDenied) as caught, in_our_words(READ):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": SECRET_TEXT}}, "GetSecretValue")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    with pytest.raises(errors.StoreError), in_our_words(READ):
        raise Boto3Error(SECRET_TEXT)


def test_a_future_date_says_until_when_a_secret_can_be_restored() -> None:
    error = pending_deletion(READ, 4_102_444_800)  # 2100-01-01
    assert error.message.endswith("is deleted, and can be restored until 2100-01-01 00:00 UTC")
    assert error.hint == "keyplan restore anthropic"


def test_a_past_date_is_told_as_the_date_of_deletion() -> None:
    error = pending_deletion(READ, 946_684_800)  # 2000-01-01
    assert error.message.endswith("for the rest of its recovery window (deleted 2000-01-01 00:00 UTC)")


def test_silence_after_a_put_leaves_open_whether_it_was_stored() -> None:
    hint = unreachable(PUT, "it took too long").hint
    assert hint is not None
    assert "not known" in hint


def test_a_sandbox_that_does_not_answer_is_to_be_started() -> None:
    place = Place("dev", "1" * 12, "eu-west-1", ARN, Endpoint("secretsmanager", "http://127.0.0.1:9"))
    error = unreachable(Subject(place, "secretsmanager:GetSecretValue"), "the connection was refused")
    assert (error.message, error.hint) == (
        "environment dev: no answer from the sandbox at 127.0.0.1:9: the connection was refused",
        "start the sandbox: make sandbox",
    )
