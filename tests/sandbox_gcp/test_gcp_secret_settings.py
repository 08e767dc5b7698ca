"""What Secret Manager allows a secret to be, and what becomes of its versions in any order of requests."""

from __future__ import annotations

import base64
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from werkzeug.test import Client

from sandbox.gcp_server.access.identity import PREFIX
from sandbox.gcp_server.application import GoogleCloud
from sandbox.gcp_server.world import ADMINISTRATOR, World

P = "/v1/projects/keyplan-sandbox"
AUTOMATIC: dict[str, Any] = {"replication": {"automatic": {}}}
TOPIC = {"name": "projects/keyplan-sandbox/topics/notices"}
KEY = "projects/keyplan-sandbox/locations/{}/keyRings/ring/cryptoKeys/key"
PORT = 8000
numbers = itertools.count()


def _later(**span: int) -> str:
    return (datetime.now(UTC) + timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _create(cloud: Any, **settings: Any) -> Any:
    return cloud.ask("POST", f"{P}/secrets?secretId=settings-{next(numbers)}", {**AUTOMATIC, **settings})


@pytest.mark.parametrize(
    "given",
    [
        {
            "labels": {"environment": "prod", "managed-by": "keyplan_1"},
            "annotations": {"owner": "Ada <a@b.c>"},
        },
        {"labels": {"überschrift": "größe"}},
        {"topics": [TOPIC]},
        {"versionDestroyTtl": "86400s"},
        {"replication": {"automatic": {"customerManagedEncryption": {"kmsKeyName": KEY.format("global")}}}},
        {
            "replication": {
                "userManaged": {"replicas": [{"location": "europe-west1"}, {"location": "us-east1"}]}
            }
        },
    ],
)
def test_settings_are_kept_as_given(cloud: Any, given: dict[str, Any]) -> None:
    answer = _create(cloud, **given)
    assert answer.status == 200, answer.body
    assert {name: answer.body[name] for name in given} == given


def test_a_rotation_and_an_expiry_are_kept(cloud: Any) -> None:
    rotation = {"nextRotationTime": _later(days=30), "rotationPeriod": "2592000s"}
    body = _create(cloud, topics=[TOPIC], rotation=rotation, ttl="864000s").body
    assert body["rotation"]["rotationPeriod"] == "2592000s"
    assert "ttl" not in body
    assert body["expireTime"] > _later(days=9)


def test_a_rotation_moves_on_by_itself_and_its_topics_hear_of_it(cloud: Any) -> None:
    rotation = {"nextRotationTime": _later(days=1), "rotationPeriod": "864000s"}
    name = _create(cloud, topics=[TOPIC], rotation=rotation).body["name"]
    cloud.google.age(timedelta(days=12))
    body = cloud.do("GET", f"/v1/{name}")
    assert body["rotation"]["nextRotationTime"] > _later(days=8)
    heard = [message for message in cloud.world.messages if message["attributes"]["secretId"] == name]
    events = [message["attributes"]["eventType"] for message in heard]
    assert events == ["SECRET_CREATE", "SECRET_ROTATE", "SECRET_ROTATE"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"replication": {}}, "replication is required"),
        ({"replication": {"automatic": {}, "userManaged": {"replicas": []}}}, "replication is required"),
        ({"replication": {"userManaged": {"replicas": []}}}, "at least one"),
        ({"replication": {"userManaged": {"replicas": [{"location": "mars"}]}}}, "does not exist"),
        (
            {
                "replication": {
                    "automatic": {"customerManagedEncryption": {"kmsKeyName": KEY.format("us-east1")}}
                }
            },
            "must be in global",
        ),
        ({"labels": {"Environment": "prod"}}, "label key Environment"),
        ({"labels": {"environment": "Prod"}}, "value of the label environment"),
        ({"labels": {"1st": "x"}}, "label key 1st"),
        ({"labels": {f"k{number}": "" for number in range(65)}}, "No more than 64 labels"),
        ({"annotations": {"-owner": "x"}}, "annotation key -owner"),
        ({"annotations": {"owner": "x" * 16384}}, "16KiB"),
        ({"versionAliases": {"current": "1"}}, "does not exist"),
        ({"versionDestroyTtl": "3600s"}, "at least 1 day"),
        ({"topics": [{"name": "notices"}]}, "projects/*/topics/*"),
        ({"topics": [TOPIC], "rotation": {"rotationPeriod": "86400s"}}, "next_rotation_time must be set"),
        ({"rotation": {"nextRotationTime": "2100-01-01T00:00:00Z"}}, "at least one topic"),
        ({"topics": [TOPIC], "rotation": {"nextRotationTime": "2020-01-01T00:00:00Z"}}, "in the future"),
        ({"expireTime": "2020-01-01T00:00:00Z"}, "in the future"),
        ({"ttl": "1d"}, "not a duration"),
        ({"expire": "2020-01-01T00:00:00Z"}, 'Unknown name "expire"'),
        ({"labels": "environment"}, "not an object"),
    ],
)
def test_settings_that_google_would_refuse_are_refused(cloud: Any, given: Any, words: str) -> None:
    answer = _create(cloud, **given)
    assert (answer.status, answer.body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert words in answer.body["error"]["message"]


@pytest.mark.parametrize("secret_id", ["", "with/slash", "with.dot", "x" * 256])
def test_an_id_has_letters_digits_hyphens_and_underscores(cloud: Any, secret_id: str) -> None:
    assert cloud.ask("POST", f"{P}/secrets?secretId={secret_id}", AUTOMATIC).status == 400


@pytest.mark.parametrize("alias", ["latest", "NEW", "1st", "with.dot", "x" * 64])
def test_an_alias_begins_with_a_letter_and_is_no_reserved_word(cloud: Any, alias: str) -> None:
    name = _create(cloud).body["name"]
    cloud.do("POST", f"/v1/{name}:addVersion", {"payload": {"data": "eA=="}})
    path = f"/v1/{name}?updateMask=versionAliases"
    assert cloud.ask("PATCH", path, {"versionAliases": {alias: "1"}}).status == 400


def test_places_of_a_secret_never_change_and_its_keys_may(cloud: Any) -> None:
    name = _create(cloud).body["name"]
    path = f"/v1/{name}?updateMask=replication"
    other = {"replication": {"userManaged": {"replicas": [{"location": "europe-west1"}]}}}
    refused = cloud.ask("PATCH", path, other)
    assert "immutable" in refused.body["error"]["message"]
    keyed = {
        "replication": {"automatic": {"customerManagedEncryption": {"kmsKeyName": KEY.format("global")}}}
    }
    assert cloud.do("PATCH", path, keyed)["replication"] == keyed["replication"]
    version = cloud.do("POST", f"/v1/{name}:addVersion", {"payload": {"data": "eA=="}})
    status = version["replicationStatus"]["automatic"]["customerManagedEncryption"]
    assert status["kmsKeyVersionName"].startswith(KEY.format("global"))


@pytest.mark.parametrize("mask", ["", "name", "createTime", "labels.environment", "nothing"])
def test_a_mask_names_fields_that_can_change(cloud: Any, mask: str) -> None:
    name = _create(cloud).body["name"]
    assert cloud.ask("PATCH", f"/v1/{name}?updateMask={mask}", {"labels": {}}).status == 400


def test_a_change_that_is_refused_changes_nothing(cloud: Any) -> None:
    before = _create(cloud, labels={"a": "b"}).body
    path = f"/v1/{before['name']}?updateMask=labels,annotations"
    refused = cloud.ask("PATCH", path, {"labels": {"c": "d"}, "annotations": {"-": "x"}})
    assert refused.status == 400
    assert cloud.do("GET", f"/v1/{before['name']}") == before


@pytest.mark.parametrize("data", ["", None, "!", "eA=", "é"])
def test_a_payload_is_base64_and_not_empty(cloud: Any, data: str | None) -> None:
    name = _create(cloud).body["name"]
    answer = cloud.ask("POST", f"/v1/{name}:addVersion", {"payload": {"data": data}})
    if data == "eA=":  # padding may be left out, so that too little of it is no mistake either
        assert answer.status == 200
    else:
        assert answer.status == 400


def test_an_error_never_repeats_what_was_sent(cloud: Any) -> None:
    canary = "canary-" + "5e0c77d1" * 4
    name = _create(cloud).body["name"]
    for body in (
        {"payload": {"data": f"!{canary}"}},
        {"payload": canary},
        {"payload": {"data": base64.b64encode(canary.encode()).decode(), "dataCrc32c": "1"}},
        f'{{"payload": {{"data": "{canary}'.encode(),
    ):
        answer = cloud.ask("POST", f"/v1/{name}:addVersion", body)
        assert answer.status == 400
        assert canary not in str(answer.body)


class Versions(RuleBasedStateMachine):
    """One secret's versions, aliases and etags against what they have to be."""

    def __init__(self) -> None:
        super().__init__()
        self.client = Client(GoogleCloud(World(), PORT))
        self.states: list[str] = []
        self.aliases: dict[str, int] = {}
        self.etags: set[str] = set()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self.client.open(
            path,
            method=method,
            json=body,
            base_url=f"http://127.0.0.1:{PORT}",
            headers={"Authorization": f"Bearer {PREFIX}{ADMINISTRATOR}"},
        )
        return answer.status_code, answer.json

    @initialize()
    def create(self) -> None:
        status, body = self.ask("POST", f"{P}/secrets?secretId=s", AUTOMATIC)
        assert status == 200
        self.etags.add(body["etag"])

    @rule()
    def add(self) -> None:
        number = len(self.states) + 1
        data = base64.b64encode(f"value {number}".encode()).decode()
        status, body = self.ask("POST", f"{P}/secrets/s:addVersion", {"payload": {"data": data}})
        assert (status, body["name"].rpartition("/")[2]) == (200, str(number))
        self.states.append("ENABLED")

    @precondition(lambda self: self.states)
    @rule(data=st.data(), verb=st.sampled_from(["enable", "disable", "destroy"]))
    def move(self, data: st.DataObject, verb: str) -> None:
        number = data.draw(st.integers(1, len(self.states)))
        status, body = self.ask("POST", f"{P}/secrets/s/versions/{number}:{verb}", {})
        if self.states[number - 1] == "DESTROYED":
            assert (status, body["error"]["status"]) == (400, "FAILED_PRECONDITION")
            return
        wanted = {"enable": "ENABLED", "disable": "DISABLED", "destroy": "DESTROYED"}[verb]
        assert (status, body["state"]) == (200, wanted)
        self.states[number - 1] = wanted

    @rule(data=st.data(), alias=st.sampled_from(["current", "previous"]))
    def point(self, data: st.DataObject, alias: str) -> None:
        number = data.draw(st.integers(1, len(self.states) + 1))
        wanted = {**self.aliases, alias: number}
        current = self.ask("GET", f"{P}/secrets/s")[1]["etag"]
        given = {name: str(value) for name, value in wanted.items()}
        body = {"versionAliases": given, "etag": current}
        status, answer = self.ask("PATCH", f"{P}/secrets/s?updateMask=versionAliases", body)
        if number > len(self.states):
            assert status == 400
            return
        assert (status, answer["versionAliases"]) == (200, given)
        assert answer["etag"] not in self.etags
        self.etags.add(answer["etag"])
        self.aliases = wanted
        stale, refusal = self.ask("PATCH", f"{P}/secrets/s?updateMask=versionAliases", body)
        assert (stale, refusal["error"]["status"]) == (400, "FAILED_PRECONDITION")

    @invariant()
    def reading_follows_states_and_aliases(self) -> None:
        names: dict[str, int] = {**self.aliases, "latest": len(self.states)} if self.states else {}
        for name, number in names.items():
            status, body = self.ask("GET", f"{P}/secrets/s/versions/{name}:access")
            if self.states[number - 1] == "ENABLED":
                assert base64.b64decode(body["payload"]["data"]) == f"value {number}".encode()
            else:
                assert (status, body["error"]["status"]) == (400, "FAILED_PRECONDITION")
        if not self.states:
            assert self.ask("GET", f"{P}/secrets/s/versions/latest:access")[0] == 404


TestVersions = Versions.TestCase
TestVersions.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
