"""A cloud in this process: moto's real server, real clients, and owners whose mail can be read."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.moto_classes import corrected_moto

REGION = "eu-west-1"
ACCOUNT_ID = "123456789012"
# moto's differences from AWS that the function would see: dates of versions, labels, deleted secrets.
CORRECTIONS = ("version_labels", "stage_moves", "version_list", "pending_deletion")


@pytest.fixture(scope="session")
def reminders_moto() -> Iterator[str]:
    """The server's address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def _corrected_moto() -> Iterator[None]:
    with corrected_moto(CORRECTIONS):
        yield


@dataclass
class Cloud:
    """An empty account and its clients."""

    address: str

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=REGION,
            endpoint_url=self.address,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"mode": "standard", "max_attempts": 1}),
        )

    def date_current_value(self, name: str, created: datetime) -> None:
        """Make the current version of a secret as old as if it had been put at `created`."""
        from moto.secretsmanager.models import secretsmanager_backends

        secret = secretsmanager_backends[ACCOUNT_ID][REGION].secrets[name]
        for version in secret.versions.values():
            if "AWSCURRENT" in version["version_stages"]:
                version["createdate"] = created.timestamp()

    def date_container(self, name: str, created: datetime) -> None:
        """Make a secret as old as if it had been made at `created`."""
        from moto.secretsmanager.models import secretsmanager_backends

        secretsmanager_backends[ACCOUNT_ID][REGION].secrets[name].created_date = created.timestamp()


@pytest.fixture
def cloud(reminders_moto: str, _corrected_moto: None) -> Cloud:
    request = urllib.request.Request(f"{reminders_moto}/moto-api/reset", method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()
    return Cloud(reminders_moto)


class Mailbox:
    """A topic for each owner, and a queue behind it from which the mail is read."""

    def __init__(self, cloud: Cloud) -> None:
        self._topics, self._queues = cloud.client("sns"), cloud.client("sqs")
        self.arns: dict[str, str] = {}
        self._urls: dict[str, str] = {}

    def add(self, address: str) -> str:
        name = address.replace("@", "-").replace(".", "-")
        topic = self._topics.create_topic(Name=name)["TopicArn"]
        queue = self._queues.create_queue(QueueName=name)["QueueUrl"]
        queue_arn = self._queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        self._topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn["Attributes"]["QueueArn"])
        self.arns[address], self._urls[address] = topic, queue
        return str(topic)

    def take(self) -> list[tuple[str, str, str]]:
        """Address, subject and body of everything that arrived since, by address."""
        found = []
        for address, queue in sorted(self._urls.items()):
            while batch := self._queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
                "Messages"
            ):
                for message in batch:
                    envelope = json.loads(message["Body"])
                    found.append((address, envelope["Subject"], envelope["Message"]))
                    self._queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def mailbox(cloud: Cloud) -> Mailbox:
    return Mailbox(cloud)


@pytest.fixture
def start() -> datetime:
    """The first run's time. In the past, so that nothing depends on today."""
    return datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
