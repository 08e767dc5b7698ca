"""Who the server answers, what it keeps to itself, and that nothing of a value leaves its memory."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from keyplan.errors import Unreachable
from sandbox.project import Project
from sandbox.server.client import ServerClient, aws_client
from sandbox.server.lifecycle import Launch
from sandbox.server.record import ServerRecord

CANARY = "canary-" + "3f9c2b71" * 4
NAME = "sandbox/example-api-key"


def _ask(
    record: ServerRecord, method: str, path: str, headers: Mapping[str, str] | None = None, body: str = ""
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", record.port, timeout=30)
    connection.request(method, path, body.encode(), dict(headers or {}))
    response = connection.getresponse()
    answer = response.status, {name.lower(): text for name, text in response.getheaders()}, response.read()
    connection.close()
    return answer


@pytest.mark.parametrize(
    "host", ["example.com", "127.0.0.1", "localhost:1", "127.0.0.1.example.com:{port}", ""]
)
def test_a_name_that_is_not_the_sandboxs_is_refused(server: ServerRecord, host: str) -> None:
    status, _, body = _ask(server, "GET", "/sandbox/health", {"Host": host.format(port=server.port)})
    assert status == 403
    assert b"host name" in body


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode"])
def test_a_page_in_a_browser_is_refused(server: ServerRecord, header: str) -> None:
    status, headers, _ = _ask(server, "POST", "/", {header: f"http://127.0.0.1:{server.port}"})
    assert status == 403
    assert "access-control-allow-origin" not in headers


def test_no_answer_may_be_read_by_a_web_page(server: ServerRecord) -> None:
    target = {"X-Amz-Target": "secretsmanager.ListSecrets", "Authorization": _signature("secretsmanager")}
    status, headers, _ = _ask(server, "POST", "/", target, "{}")
    assert status == 200
    assert "access-control-allow-origin" not in headers


def _signature(service: str) -> str:
    scope = f"sandbox/20261121/eu-west-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    "path",
    [
        "/moto-api/recorder/start-recording",
        "/moto-api/reset",
        "/moto-api/proxy/passthrough",
        "/moto-api/",
        "/moto-api",
    ],
)
def test_motos_control_routes_are_closed(server: ServerRecord, path: str) -> None:
    assert _ask(server, "POST", path)[0] == 404


@pytest.mark.parametrize(
    "route", ["advance", "alarms", "function", "mails", "counts", "stamp-alarm", "no-such"]
)
def test_the_administration_needs_the_instances_id(server: ServerRecord, route: str) -> None:
    assert _ask(server, "POST", f"/sandbox/{route}", {}, "{}")[0] == 403
    assert _ask(server, "POST", f"/sandbox/{route}", {"X-Keyplan-Sandbox": "wrong"}, "{}")[0] == 403


def test_the_health_does_not_tell_the_instances_id(server: ServerRecord) -> None:
    status, _, body = _ask(server, "GET", "/sandbox/health")
    assert status == 200
    assert server.instance.encode() not in body
    assert json.loads(body)["pid"] == server.pid


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"seconds": "x"}', '{"seconds": 0}', '{"seconds": -5}', "null"]
)
def test_a_bad_administrative_request_changes_nothing(server: ServerRecord, body: str) -> None:
    status, _, answer = _ask(server, "POST", "/sandbox/advance", {"X-Keyplan-Sandbox": server.instance}, body)
    assert status == 400
    assert set(json.loads(answer)) == {"error"}


def test_a_route_that_does_not_exist_is_said_to_be_missing(server: ServerRecord) -> None:
    with pytest.raises(Unreachable, match=r"refused `nothing` \(404\)"):
        ServerClient(server).ask("nothing")


def test_aws_managed_policies_can_be_attached(server: ServerRecord) -> None:
    iam = aws_client(server, "iam")
    iam.create_role(RoleName="example", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="example", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="example")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]


def test_the_corrections_of_moto_are_in_force(server: ServerRecord) -> None:
    secrets = aws_client(server, "secretsmanager")
    arn = secrets.create_secret(Name="sandbox/corrected")["ARN"]
    assert secrets.list_secret_version_ids(SecretId="sandbox/corrected")["ARN"] == arn


def test_a_web_hook_is_not_called(server: ServerRecord) -> None:
    sns = aws_client(server, "sns")
    topic = sns.create_topic(Name="hooks")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://192.0.2.1/hook")
    with pytest.raises(ClientError) as caught:
        sns.publish(TopicArn=topic, Message="x")
    assert caught.value.response["Error"]["Message"] == "ConnectionError"


def test_what_moto_would_put_on_a_disk_is_refused(server: ServerRecord) -> None:
    storage = aws_client(server, "s3", "us-east-1")
    storage.create_bucket(Bucket="example")
    storage.put_object(Bucket="example", Key="small", Body=b"x")
    with pytest.raises(ClientError):  # above this size moto uses a temporary file
        storage.put_object(Bucket="example", Key="large", Body=b"x" * 6_000_000)


def test_time_moves_for_versions_and_secrets_and_windows_run_out(server: ServerRecord) -> None:
    secrets, clock = aws_client(server, "secretsmanager"), ServerClient(server)
    secrets.create_secret(Name=NAME)
    secrets.put_secret_value(SecretId=NAME, SecretString="value")
    secrets.create_secret(Name="sandbox/leaving")
    secrets.delete_secret(SecretId="sandbox/leaving", RecoveryWindowInDays=7)
    before = secrets.describe_secret(SecretId=NAME)["CreatedDate"]
    version = secrets.list_secret_version_ids(SecretId=NAME)["Versions"][0]
    assert clock.ask("advance", seconds=6 * 86400)["gone"] == []
    assert clock.ask("advance", seconds=2 * 86400)["gone"] == ["sandbox/leaving"]
    aged = secrets.list_secret_version_ids(SecretId=NAME)["Versions"][0]
    assert (version["CreatedDate"] - aged["CreatedDate"]).days == 8
    assert (before - secrets.describe_secret(SecretId=NAME)["CreatedDate"]).days == 8
    secrets.create_secret(Name="sandbox/leaving")


def test_a_value_is_nowhere_on_disk_and_not_in_the_log(empty_project: Project) -> None:
    record = Launch(empty_project, 0).wait()
    secrets = aws_client(record, "secretsmanager")
    secrets.create_secret(Name=NAME)
    secrets.put_secret_value(SecretId=NAME, SecretString=CANARY)
    assert secrets.get_secret_value(SecretId=NAME)["SecretString"] == CANARY
    _ask(record, "POST", f"/{CANARY}", {"X-Amz-Target": CANARY, "Authorization": CANARY}, CANARY)
    signed = {"Authorization": _signature("secretsmanager")}
    for target in ("secretsmanager.PutSecretValue", "secretsmanager.ValidateResourcePolicy", f"x.{CANARY}"):
        _ask(record, "POST", "/", {**signed, "X-Amz-Target": target}, f"not json {CANARY}")
        _ask(record, "POST", "/", {**signed, "X-Amz-Target": target}, json.dumps({"SecretString": CANARY}))
    _ask(record, "POST", "/", {"Authorization": _signature(CANARY)}, "{}")
    ServerClient(record).ask("advance", seconds=86400)
    found = [path for path in _files(empty_project.root) if CANARY.encode() in path.read_bytes()]
    assert found == []
    assert (empty_project.directory / "server.log").read_text().startswith("listening on 127.0.0.1:")


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]
