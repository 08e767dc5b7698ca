"""Both clouds and the vendor in this process, with as many keys as asked for, and the count of what they are
asked.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.exec_startup import ACCOUNT, REGION
from benchmarks.gcp_startup import OWNER, PROJECT, ask, google_cloud
from keyplan.secret_value import SecretValue
from keyplan.stores.labels import VersionLabel
from keyplan.vendors import vendor_named
from sandbox.vendor_server import CreatedKey, VendorServer, VendorWorld, serve

ENVIRONMENT = "bench"
VARIABLE = "ANTHROPIC_API_KEY"


@dataclass
class TwoClouds:
    """The services, and the keys in them."""

    aws_url: str
    google_host: str
    vendor: VendorServer
    asked: list[str]  # what AWS was asked
    google_asked: list[str]
    aws: Any  # a boto3 client
    arns: dict[str, str] = field(default_factory=dict)
    made: dict[str, CreatedKey] = field(default_factory=dict)  # the vendor's key that is stored, by our name

    @property
    def world(self) -> VendorWorld:
        """The vendor."""
        return self.vendor.world

    def forget(self) -> None:
        """Count from zero again."""
        self.asked.clear()
        self.google_asked.clear()
        self.world.requests.clear()

    def requests(self) -> tuple[int, int, int]:
        """How many came since: to AWS, to Google Cloud, to the vendor."""
        return len(self.asked), len(self.google_asked), len(self.world.requests)

    def grow(self, count: int) -> None:
        """Make keys with a value that both clouds serve, until there are so many."""
        for number in range(len(self.arns), count):
            name = f"key-{number}"
            self.made[name] = created = self.world.create_key(f"{ENVIRONMENT}-{name}")
            hint = vendor_named("anthropic").hint(created.value)
            label = VersionLabel(SecretValue(created.value).fingerprint(), "bench", hint)
            self.arns[name] = self._store_on_aws(name, created.value, label)
            self._store_on_google(name, created.value, label)

    def _store_on_aws(self, name: str, value: str, label: VersionLabel) -> str:
        arn: str = self.aws.create_secret(Name=f"{ENVIRONMENT}/{name}-api-key")["ARN"]
        content = json.dumps({VARIABLE: value})
        stages = ["AWSCURRENT", str(label)]
        self.aws.put_secret_value(SecretId=arn, SecretString=content, VersionStages=stages)
        return arn

    def _store_on_google(self, name: str, value: str, label: VersionLabel) -> None:
        secret, path = f"{ENVIRONMENT}-{name}-api-key", f"/v1/projects/{PROJECT}/secrets"
        labels = {"environment": ENVIRONMENT, "managed-by": "keyplan"}
        empty = {"replication": {"automatic": {}}, "labels": labels}
        data = base64.b64encode(value.encode()).decode()
        served = {"versionAliases": {"current": "1"}, "annotations": {"keyplan-1": label.text(246)}}
        ask(self.google_host, "POST", f"{path}?secretId={secret}", empty)
        ask(self.google_host, "POST", f"{path}/{secret}:addVersion", {"payload": {"data": data}})
        ask(self.google_host, "PATCH", f"{path}/{secret}?updateMask=versionAliases,annotations", served)

    def read_aws(self, name: str) -> str:
        """What a program gets on AWS. Raises RuntimeError where it gets nothing."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "secretsmanager.GetSecretValue",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=testing/20260101/{REGION}/secretsmanager/x",
        }
        host = self.aws_url.removeprefix("http://")
        answer = _read(host, "POST", "/", headers, json.dumps({"SecretId": self.arns[name]}))
        return str(json.loads(answer["SecretString"])[VARIABLE])

    def read_google(self, name: str) -> str:
        """What a program gets on Google Cloud. Raises RuntimeError where it gets nothing."""
        path = f"/v1/projects/{PROJECT}/secrets/{ENVIRONMENT}-{name}-api-key/versions/current:access"
        headers = {"Authorization": f"Bearer sandbox:{OWNER}"}
        answer = _read(self.google_host, "GET", path, headers, None)
        return base64.b64decode(answer["payload"]["data"]).decode()

    def write_manifest(self, file: Path) -> Path:
        """The manifest of all keys."""
        file.write_text(json.dumps(_manifest(self)))
        return file


@contextmanager
def two_clouds() -> Iterator[TwoClouds]:
    """Serve them until the end of the block."""
    import boto3

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with _amazon() as (aws_url, asked), google_cloud() as (host, google_asked):
        client = boto3.client(
            "secretsmanager",
            region_name=REGION,
            endpoint_url=aws_url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",  # noqa: S106  # what an emulator takes
        )
        with serve(VendorWorld()) as vendor:
            yield TwoClouds(aws_url, host, vendor, asked, google_asked, client)


@contextmanager
def _amazon() -> Iterator[tuple[str, list[str]]]:
    """moto as the sandbox corrects it: its URL, and the lines of what it is asked."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from sandbox.moto_patches import apply_all
    from sandbox.server.quiet import QuietRequestHandler

    apply_all()
    asked: list[str] = []
    cloud = DomainDispatcherApplication(create_backend_app)
    one_at_a_time = threading.Lock()

    def answer(environ: Any, start_response: Any) -> Any:
        asked.append(environ.get("HTTP_X_AMZ_TARGET", "sts"))
        with one_at_a_time:
            return cloud(environ, start_response)

    server = make_server("127.0.0.1", 0, app=answer, threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}", asked
    server.shutdown()
    server.server_close()


def _read(host: str, method: str, path: str, headers: dict[str, str], body: str | None) -> dict[str, Any]:
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise RuntimeError(f"{response.status}")
    answer: dict[str, Any] = json.loads(content)
    return answer


def _manifest(clouds: TwoClouds) -> dict[str, Any]:
    durations = {"rotateEvery": "90d", "remindBefore": "14d", "grace": "7d"}
    google = f"http://{clouds.google_host}"
    return {
        "format": "keyplan-manifest/1",
        "environment": ENVIRONMENT,
        "owner": "a@example.com",
        "escalateAfter": "7d",
        "vendorEndpoints": {"anthropic": clouds.vendor.url},
        "clouds": {
            "aws": {
                "accountId": ACCOUNT,
                "partition": "aws",
                "region": REGION,
                "kmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/bench",
                "operatorPolicyArns": [],
                "auditorRoleArn": f"arn:aws:iam::{ACCOUNT}:role/bench",
                "endpoints": {"secretsmanager": clouds.aws_url, "sts": clouds.aws_url},
            },
            "gcp": {
                "projectId": PROJECT,
                "projectNumber": ACCOUNT,
                "region": "europe-west1",
                "operatorRole": f"projects/{PROJECT}/roles/keyplan_bench_operator",
                "auditorRole": f"projects/{PROJECT}/roles/keyplan_bench_auditor",
                "endpoints": {"secretmanager": google, "sts": google},
            },
        },
        "keys": {
            name: {
                "vendor": "anthropic",
                "owner": "a@example.com",
                "envVar": VARIABLE,
                **durations,
                "aws": {"name": f"{ENVIRONMENT}/{name}-api-key", "arn": arn, "jsonKey": VARIABLE},
                "gcp": {
                    "name": f"{ENVIRONMENT}-{name}-api-key",
                    "resource": f"projects/{PROJECT}/secrets/{ENVIRONMENT}-{name}-api-key",
                },
            }
            for name, arn in clouds.arns.items()
        },
        "consumers": {},
    }
