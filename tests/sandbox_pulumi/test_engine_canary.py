"""A value goes through a stack's whole life under Pulumi's real engine, and is found nowhere afterwards.

Beside the key's value, which Pulumi never sees, there is a secret that the program does give to Pulumi: that
one stays encrypted in the state, and is in no other file and no output.
"""

from __future__ import annotations

import base64
import gzip
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.pulumi_cli.find import Engine
from tests.end_to_end.leak_detector import LeakDetector
from tests.end_to_end.project_copy import ProjectCopy
from tests.end_to_end.watched_copy import MARKER, Drive, watched
from tests.sandbox_pulumi.engine_copy import (
    WITHOUT_ASKING,
    clients,
    export,
    give_engine,
    pulumi,
    resources,
    up,
    workspace,
)

KEY = "sk-ant-" + "api03-" + secrets.token_hex(46) + "x" + "AA"
SECRET, NEXT_SECRET = (secrets.token_urlsafe(30) + '"&/<+>é' for _ in range(2))
DETECTOR = LeakDetector(KEY, SECRET, NEXT_SECRET)
STACK = "--stack=dev"
CATALOGUE: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "keyplan:owner": "platform@example.com",
    "keyplan:protect": False,
    "keyplan:keys": {"anthropic": {"vendor": "anthropic"}},
    "keyplan:consumers": {"workbench": {"runtime": "ec2", "keys": ["anthropic"]}},
}
# What a user's own program may add: a secret input, a secret output of a resource, a secret export.
WITH_A_SECRET = """
from pathlib import Path
import pulumi_aws
secret = pulumi.Output.secret(Path({file!r}).read_text())
topic = pulumi_aws.sns.Topic("canary", name="canary", display_name=secret, tags={{"canary": secret}})
pulumi.export("canary", secret)
pulumi.export("canaryTopic", topic.display_name)
"""
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # Pulumi's own mark of a secret in a state


def write_catalogue(copy: ProjectCopy, **changed: Any) -> None:
    config = CATALOGUE | {f"keyplan:{name}": value for name, value in changed.items()}
    (copy.directory / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}, sort_keys=False))


def has_the_value(drive: Drive) -> None:
    program = ["--", "sh", "-c", 'test -n "$ANTHROPIC_API_KEY"', MARKER]
    drive.expect(drive.copy.keyplan("exec", *program), 0)


def live(drive: Drive, secret: Path) -> None:
    """Everything that may happen to a stack with a value."""
    copy = drive.copy
    up(copy, "dev")
    drive.expect(copy.keyplan("put", "anthropic", stdin=KEY), 0)
    has_the_value(drive)
    up(copy, "dev", "--json", "--refresh")
    pulumi(copy, "refresh", STACK, *WITHOUT_ASKING, "--diff")
    export(copy, "dev")

    write_catalogue(copy, consumers={"batch": {"runtime": "ecs", "keys": ["anthropic"]}})
    secret.write_text(NEXT_SECRET)
    foresee(drive)
    for how in ("--color=never", "--diff"):
        pulumi(copy, "preview", STACK, how)
    up(copy, "dev", "--diff")
    is_as_foreseen(drive)
    has_the_value(drive)
    pulumi(copy, "stack", "history", STACK, "--json")
    pulumi(copy, "stack", "history", STACK, "--show-secrets")
    for words in (
        ["stack"],
        ["stack", "output", "--json"],
        ["stack", "graph", str(copy.temporary / "graph")],
    ):
        pulumi(copy, *words, STACK)
    pulumi(copy, "config", "--json", STACK)
    fail(drive)
    pulumi(copy, "destroy", STACK, "--preview-only", "--diff")


def foresee(drive: Drive) -> None:
    """Who could read the key after the previewed change: the new consumer, and no longer the old one."""
    copy = drive.copy
    drive.expect(copy.keyplan("audit", "collect", "--out", "before.json"), 0)
    plan = pulumi(copy, "preview", STACK, "--json").stdout
    ran = copy.keyplan(
        "audit", "diff", "before.json", "--preview", "-", "--save", "foreseen.json", stdin=plan
    )
    drive.expect(ran, 1)
    told = [line.split()[:5] for line in ran.stdout.splitlines()]
    assert [words for words in told if "allow" in words] == [
        ["opened", "deny", "allow", "123456789012", "role/dev-batch-reader"],
        ["closed", "allow", "deny", "123456789012", "role/dev-workbench-reader"],
    ]


def is_as_foreseen(drive: Drive) -> None:
    """The account after the update differs in nothing from the snapshot that the preview let foresee."""
    drive.expect(drive.copy.keyplan("audit", "collect", "--out", "after.json"), 0)
    ran = drive.copy.keyplan("audit", "diff", "foreseen.json", "after.json", "--fail-on", "any")
    drive.expect(ran, 0)
    assert ran.stdout == "nobody can read more or less than before\n"


def fail(drive: Drive) -> None:
    """A key that was pasted into the catalogue, and a program that fails with a value in its hand."""
    copy = drive.copy
    write_catalogue(copy, owner=KEY, keys={KEY: {"vendor": KEY}})
    pulumi(copy, "up", STACK, *WITHOUT_ASKING, code=2)
    pulumi(copy, "refresh", *WITHOUT_ASKING, code=2)  # of the stack that is selected
    write_catalogue(copy, keys={"anthropic": {"vendor": "antropic"}})
    up(copy, "dev", code=2)
    write_catalogue(copy)
    main = copy.directory / "__main__.py"
    before = main.read_text()
    main.write_text(before + "\ntopic.arn.apply(lambda _: 1 / 0)\n")
    up(copy, "dev", code=1)
    main.write_text(before)


@pytest.fixture
def copy(fresh: ProjectCopy, real_engine: Engine) -> ProjectCopy:
    """A project whose only stack is dev."""
    write_catalogue(fresh)
    return give_engine(fresh, real_engine)


def test_a_value_is_found_nowhere_and_a_secret_of_the_program_is_encrypted_in_the_state(
    copy: ProjectCopy, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"  # outside of everything that is looked through
    secret.write_text(SECRET)
    main = copy.directory / "__main__.py"
    main.write_text(main.read_text() + WITH_A_SECRET.format(file=str(secret)))
    with watched(copy, tmp_path, DETECTOR) as drive:
        live(drive, secret)
        assert drive.found() == {}

        # It was all there to be found: the value and the secret in the cloud, the secret in the state.
        client = clients(copy)
        stored = client("secretsmanager").get_secret_value(SecretId="dev/anthropic-api-key")
        assert json.loads(stored["SecretString"]) == {"ANTHROPIC_API_KEY": KEY}
        (arn,) = (
            one["TopicArn"]
            for one in client("sns").list_topics()["Topics"]
            if one["TopicArn"].endswith(":canary")
        )
        assert client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == NEXT_SECRET
        topic = resources(drive.copy, "dev")["Topic canary"]
        for properties in (topic["inputs"], topic["outputs"]):
            for name in ("displayName", "tags"):
                assert sorted(properties[name].values())[0] == SECRET_SIGNATURE
                assert set(properties[name]) >= {"ciphertext"}
    folders = {path.name for path in workspace(copy).rglob("*") if path.is_dir() and any(path.iterdir())}
    assert {"history", "backups", "stacks"} <= folders

    # And shown on request, which the search sees.
    shown = copy.sandbox("pulumi", "stack", "export", STACK, "--show-secrets").stdout
    assert DETECTOR.forms_in(shown) >= {"a part"}
    assert LeakDetector(KEY).forms_in(shown) == set()
    assert json.dumps(NEXT_SECRET, ensure_ascii=False)[1:31] in shown
    planted_values_are_found(copy, drive)


def planted_values_are_found(copy: ProjectCopy, drive: Drive) -> None:
    """Whatever the encoding, and wherever the search has to reach."""
    encoded = base64.b64encode(b"?" + KEY.encode())
    planted = {
        next(workspace(copy).glob("state/.pulumi/history/**/")) / "planted.json": json.dumps(
            {"a": KEY}
        ).encode(),
        next(workspace(copy).glob("state/.pulumi/backups/**/")) / "planted.json.gz": gzip.compress(encoded),
        workspace(copy) / "home" / "planted": SECRET.encode("utf-16-le"),
        copy.directory / ".keyplan" / "planted": NEXT_SECRET.encode(),
        copy.home / ".planted": encoded,
        copy.temporary / f"planted-{KEY}": b"",
    }
    for path, text in planted.items():
        path.write_bytes(text)
    assert set(drive.found()) == {str(path) for path in planted}
    drive.copy.said.append(f"error: {KEY[20:50]}")
    assert {place for place in drive.found() if place.startswith("output")} == {
        f"output {len(drive.copy.said) - 1}"
    }
