"""Pub/Sub topics, and what was published to them. Subscriptions are left out."""

from __future__ import annotations

import re
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access.decisions import Resource, require
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import invalid
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services.collection import Collection, Given, Record

SERVICE = "pubsub.googleapis.com"
TOPIC_ID = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")


def _given(call: Call) -> Given:
    return Given(call.names["topic"], call.body)


def _new(call: Call, key: str, message: Record) -> Record:
    if not TOPIC_ID.fullmatch(key.rpartition("/")[2]):
        raise invalid(f"Invalid [topics] name: (name={key})")
    return {**message, "name": key, "state": "ACTIVE"}


def _patched(call: Call) -> tuple[Record, str]:
    body = call.body
    return body.get("topic") or {}, body.get("updateMask") or ""


TOPIC = Collection(
    service=SERVICE,
    path="/v1/projects/{project}/topics",
    item="topic",
    list_field="topics",
    schema="Topic",
    permissions="pubsub.topics",
    given=_given,
    complete=_new,
    fixed=("name", "state"),
    create_method="PUT",
    patch_schema="UpdateTopicRequest",
    patched=_patched,
    policy_get="GET",
    already="Resource already exists in the project (resource={id}).",
    missing="Resource not found (resource={id}).",
)


def _publish(call: Call) -> dict[str, Any]:
    key, _ = TOPIC.find(call)
    policy = call.world.policies.get(key)
    resource = Resource(key, f"//{SERVICE}/{key}", f"{SERVICE}/Topic", SERVICE, policy)
    require(call.project, call.caller, "pubsub.topics.publish", resource)
    ids = []
    for message in call.body.get("messages") or []:
        message_id = str(call.world.next_number())
        published = {"publishTime": times.stamp(times.now()), "messageId": message_id}
        call.world.messages.append({**message, **published, "topic": key})
        ids.append(message_id)
    return {"messageIds": ids}


def routes() -> list[Route]:
    """Every route of topics."""
    return [
        *TOPIC.routes(),
        TOPIC.route("POST", f"{TOPIC.item_path}:publish", _publish, "PublishRequest"),
    ]
