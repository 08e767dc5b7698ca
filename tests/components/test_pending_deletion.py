"""A name that AWS still keeps is told of in a preview, with the command that restores its secret."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.account import Account
from components.aws.pending_deletion import (
    PROVIDER_ONLY,
    refusal,
    refuse_pending_deletions,
    restore_command,
)
from keyplan.catalogue import Catalogue
from keyplan.errors import KeyplanError
from keyplan.stores.aws_deletions import DeletedSecret
from tests.command.fake_aws import Answer, FakeAws, Request, failure
from tests.components.catalogues import ACCOUNT, CHINA, catalogue, key
from tests.components.recording import record

FAR_AHEAD_EPOCH_SECONDS = 4_000_000_000.0  # 2096-10-02
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/"
MISSING = failure("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
TWO_KEYS = catalogue([key(), key("openrouter", adopt=f"{ARN}openrouter-api-key-GhIjKl")])


@pytest.fixture
def fake_aws() -> Iterator[FakeAws]:
    server = FakeAws()
    yield server
    server.close()


@dataclass
class Run:
    """What a look said."""

    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: KeyplanError | None = None


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    found = Run()
    monkeypatch.setattr(pulumi.log, "warn", found.warnings.append)
    monkeypatch.setattr(pulumi.log, "info", found.notes.append)
    return found


def look(
    run: Run,
    url: str | None,
    environment: Catalogue,
    *,
    preview: bool = True,
    config: Mapping[str, str] | None = None,
) -> KeyplanError | None:
    endpoints = {} if url is None else {"secretsmanager": url}
    account = Account(ACCOUNT.account_id, ACCOUNT.partition, ACCOUNT.region, endpoints)

    def program() -> None:
        try:
            refuse_pending_deletions(environment, account)
        except KeyplanError as error:
            run.error = error

    record(program, preview=preview, config=config)
    return run.error


def deleted(request: Request) -> Answer:
    name = json.loads(request.body)["SecretId"]
    arn = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
    return Answer({"ARN": arn, "Name": name, "DeletedDate": FAR_AHEAD_EPOCH_SECONDS})


def test_every_name_is_told_at_once_with_its_command_and_the_line_that_adopts_it() -> None:
    found = {
        name: DeletedSecret(f"{ARN}{name}-api-key-GhIjKl", FAR_AHEAD_EPOCH_SECONDS)
        for name in ("openrouter", "anthropic")
    }

    error = refusal(TWO_KEYS, ACCOUNT, found)

    assert error.message == (
        "2 secrets of environment prod are pending deletion, and AWS gives their names to no other secret\n"
        "  key anthropic: prod/anthropic-api-key, restorable until 2096-10-02 07:06 UTC\n"
        "    aws secretsmanager restore-secret --secret-id prod/anthropic-api-key --region eu-west-1\n"
        f"    adopt: {ARN}anthropic-api-key-GhIjKl\n"
        "  key openrouter: prod/openrouter-api-key, restorable until 2096-10-02 07:06 UTC\n"
        "    aws secretsmanager restore-secret --secret-id prod/openrouter-api-key --region eu-west-1"
    )
    assert error.hint == (
        "restore, write the line `adopt` at the key, and run again: the stack takes the secret over with its "
        "values; or leave it and give the key another `secretName` (docs/aws.md)"
    )


def test_the_page_shows_what_is_said(project: Path) -> None:
    shown = (project / "docs" / "aws.md").read_text().split("## A name that is pending deletion\n")[1]
    lines = [line.removeprefix("    ") for line in shown.splitlines() if line.startswith("    ")]
    key_of_dev = key(environment="dev")
    arn = f"{ARN}anthropic-api-key-AbCdEf".replace("prod/", "dev/")

    error = refusal(
        catalogue([key_of_dev], environment="dev"),
        ACCOUNT,
        {"anthropic": DeletedSecret(arn, FAR_AHEAD_EPOCH_SECONDS)},
    )

    assert lines == error.message.replace("2096-10-02 07:06", "2026-11-28 12:07").splitlines()


def test_a_preview_is_refused_while_a_name_is_pending_deletion(fake_aws: FakeAws, run: Run) -> None:
    fake_aws.answer("DescribeSecret", deleted)

    error = look(run, fake_aws.url, catalogue())

    assert error is not None
    assert error.message.startswith(
        "1 secret of environment prod is pending deletion, and AWS gives its name"
    )
    assert f"--region eu-west-1 --endpoint-url {fake_aws.url}\n" in error.message
    assert error.message.endswith(f"    adopt: {ARN}anthropic-api-key-AbCdEf")
    assert run.warnings == []


def test_a_key_that_adopts_its_secret_is_refused_too_until_it_is_restored(
    fake_aws: FakeAws, run: Run
) -> None:
    fake_aws.answer("DescribeSecret", deleted)

    error = look(run, fake_aws.url, TWO_KEYS)

    assert error is not None
    assert "key openrouter: prod/openrouter-api-key" in error.message
    assert error.message.count("adopt:") == 1


@pytest.mark.parametrize("answer", [MISSING, Answer({"ARN": f"{ARN}anthropic-api-key-AbCdEf"})])
def test_a_secret_that_is_missing_or_there_is_the_normal_case(
    fake_aws: FakeAws, run: Run, answer: Answer
) -> None:
    fake_aws.answer("DescribeSecret", answer)

    assert look(run, fake_aws.url, catalogue()) is None
    assert (run.warnings, run.notes) == ([], [])
    assert fake_aws.operations() == ["DescribeSecret"]


def test_outside_a_preview_nothing_is_asked(fake_aws: FakeAws, run: Run) -> None:
    fake_aws.answer("DescribeSecret", deleted)

    assert look(run, fake_aws.url, catalogue(), preview=False) is None
    assert fake_aws.requests == []


def test_a_look_that_fails_is_one_warning_that_names_the_permission(fake_aws: FakeAws, run: Run) -> None:
    fake_aws.answer("DescribeSecret", failure("AccessDeniedException", "User is not authorized"))

    assert look(run, fake_aws.url, TWO_KEYS) is None
    assert run.warnings == [
        "secrets that are pending deletion were not looked for: key anthropic of environment prod: your AWS "
        "identity may not do secretsmanager:DescribeSecret on secret prod/anthropic-api-key (account "
        "123456789012, region eu-west-1); it takes secretsmanager:DescribeSecret"
    ]


def test_what_was_found_is_told_beside_what_could_not_be_seen(fake_aws: FakeAws, run: Run) -> None:
    def answer(request: Request) -> Answer:
        return deleted(request) if b"openrouter" in request.body else failure("AccessDeniedException")

    fake_aws.answer("DescribeSecret", answer)

    error = look(run, fake_aws.url, TWO_KEYS)

    assert error is not None
    assert error.message.startswith("1 secret of environment prod is pending deletion")
    assert len(run.warnings) == 1


@pytest.mark.parametrize("setting", PROVIDER_ONLY)
def test_where_only_the_provider_has_the_credentials_or_the_way_nobody_else_is_asked(
    run: Run, setting: str
) -> None:
    """The account has no endpoint of its own here: a question would leave the machine, and fail the test."""
    assert look(run, None, catalogue(), config={f"aws:{setting}": "true"}) is None
    assert run.notes == [
        "secrets that are pending deletion were not looked for: "
        f"`aws:{setting}` is for Pulumi's provider only"
    ]
    assert run.warnings == []


def test_the_sandbox_is_asked_whatever_credentials_the_provider_has(fake_aws: FakeAws, run: Run) -> None:
    fake_aws.answer("DescribeSecret", deleted)

    assert (
        look(run, fake_aws.url, catalogue(), config={"aws:accessKey": "x", "aws:secretKey": "x"}) is not None
    )
    assert fake_aws.requests[0].access_key == "testing"


def test_a_profile_of_the_stack_is_the_one_that_is_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")

    assert look(run, None, catalogue(), config={"aws:profile": "nobody"}) is None
    assert len(run.warnings) == 1
    assert "the AWS profile" in run.warnings[0]
    assert "does not exist" in run.warnings[0]


NAMES = st.text("ABCabc019/_+=.@-", min_size=1)
PLACES = st.sampled_from(
    [ACCOUNT, CHINA, Account("1" * 12, "aws", "r", {"secretsmanager": "http://[::1]:1"})]
)


@given(NAMES, PLACES)
def test_the_command_is_one_that_a_shell_takes_apart_as_meant(name: str, account: Any) -> None:
    words = shlex.split(restore_command(account, name))
    begin = words.index("aws")
    assert words[begin : begin + 5] == ["aws", "secretsmanager", "restore-secret", "--secret-id", name]
    assert words[begin + 5 : begin + 7] == ["--region", account.region]
    assert all("=" in word for word in words[:begin])
