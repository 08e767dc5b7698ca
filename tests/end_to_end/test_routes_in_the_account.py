"""A route that comes, changes and goes, in one sandbox: what each update makes of it in both clouds.

The account's policies are read back and judged by tests/evaluator; the policies of Google Cloud are the
server's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.clock.gcp.client import GoogleClient
from sandbox.server.record import read_record
from tests.end_to_end.principals import readable
from tests.end_to_end.project_copy import ProjectCopy
from tests.end_to_end.stack_copy import Stack, bring_up, clients_of, look_at, write_configuration
from tests.evaluator.route_calls import Place, can_call, can_get_token

CLAUDE = "anthropic.claude-sonnet-4-6"
AUDIENCE = "https://api.anthropic.com"
MODELS = "example-models"  # the project that models are called in is not the environment's
CALLER_ROLE = f"projects/{MODELS}/roles/keyplan_sandbox_caller_of_keyplan_sandbox"
WEB = "serviceAccount:sandbox-web-reader@keyplan-sandbox.iam.gserviceaccount.com"
CHAT: dict[str, Any] = {"runtime": "lambda", "functionName": "chat", "keys": ["openrouter"]}
RUNNER: dict[str, Any] = {
    "runtime": "github-actions",
    "repository": "example/evals",
    "repositoryId": "1",
    "branches": ["main"],
    "route": "federation",
}
WRITTEN: dict[str, Any] = {
    "gcp:project": "keyplan-sandbox",
    "gcp:region": "europe-west1",
    "clouds": ["aws", "gcp"],
    "owner": "platform@example.com",
    "protect": False,
    "recoveryWindow": "7d",
    "reminders": "perEnvironment",
    "keys": {"openrouter": {"vendor": "generic", "envVar": "OPENROUTER_API_KEY"}},
    "routes": {
        "bedrock": {"region": "eu-west-1"},
        "vertex": {"region": "eu", "project": MODELS},
        "federation": {
            "organizationId": "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a",
            "ruleId": "fdrl_01Example",
            "serviceAccountId": "svac_01Example",
        },
    },
}


@dataclass(frozen=True)
class Moment:
    """What stood in both clouds after one `python -m sandbox up`."""

    stack: Stack
    inline: set[str]  # names of the policies inside the role of `chat`
    callers: list[str]  # members with the role that calls models
    allowed: set[str]  # what the service account of `web` may do where models are called
    role: dict[str, Any]  # that role

    @property
    def chat(self) -> tuple[set[str], set[str], bool]:
        """What the consumer `chat` can do: the keys that it reads, the regions that it calls, a token."""
        principal = self.stack.account.roles["sandbox-chat-reader"].as_principal()
        regions = {each for each in ("eu-west-1", "us-east-1") if can_call(principal, Place(each), CLAUDE)}
        return readable(self.stack, principal), regions, bool(can_get_token(principal, AUDIENCE))

    @property
    def runner(self) -> set[str] | None:
        """The keys that the consumer `evals` reads; None where the account does not know it."""
        role = self.stack.account.roles.get("sandbox-evals-reader")
        return None if role is None else readable(self.stack, role.as_principal())


ON_BEDROCK = {**CHAT, "route": "bedrock"}
READING_RUNNER = {**RUNNER, "keys": ["openrouter"]}
WEB_CALLS = {"runtime": "cloud-run", "route": "vertex"}
WEB_READS = {"runtime": "cloud-run", "keys": ["openrouter"]}
# Each is one update: the region of Bedrock, and the consumers chat, evals and web.
STEPS: tuple[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ("eu-west-1", CHAT, RUNNER, WEB_CALLS),
    ("eu-west-1", ON_BEDROCK, READING_RUNNER, WEB_READS),
    ("us-east-1", ON_BEDROCK, RUNNER, WEB_CALLS),
    ("us-east-1", {**CHAT, "route": "federation", "keys": []}, RUNNER, WEB_CALLS),
    ("us-east-1", CHAT, READING_RUNNER, WEB_READS),
)


@pytest.fixture(scope="module")
def moments(make_copy: Callable[[], ProjectCopy]) -> list[Moment]:
    """The same sandbox after each of the updates."""
    copy = make_copy()
    return [
        updated(copy, region, {"chat": chat, "evals": evals, "web": web})
        for region, chat, evals, web in STEPS
    ]


def updated(copy: ProjectCopy, region: str, consumers: dict[str, Any]) -> Moment:
    routes = {**WRITTEN["routes"], "bedrock": {"region": region}}
    write_configuration(copy, {**WRITTEN, "routes": routes, "consumers": consumers})
    bring_up(copy)
    record = read_record(copy.directory / ".keyplan" / "sandbox")
    assert record is not None
    google = GoogleClient(record)
    asked = f"/v1/projects/{MODELS}"
    bindings = google.do("POST", f"{asked}:getIamPolicy", {}).get("bindings", ())
    wanted = {"permissions": ["aiplatform.endpoints.predict", "aiplatform.endpoints.list"]}
    held = google.as_member(WEB).do("POST", f"{asked}:testIamPermissions", wanted)
    return Moment(
        stack=look_at(copy),
        inline=set(clients_of(copy)("iam").list_role_policies(RoleName="sandbox-chat-reader")["PolicyNames"]),
        callers=[member for each in bindings if each["role"] == CALLER_ROLE for member in each["members"]],
        allowed=set(held.get("permissions", ())),
        role=google.do("GET", f"/v1/{CALLER_ROLE}"),
    )


def test_a_route_comes_changes_and_goes_with_its_policy(moments: list[Moment]) -> None:
    assert [(each.chat, each.inline) for each in moments] == [
        (({"openrouter"}, set(), False), {"read-keys"}),
        (({"openrouter"}, {"eu-west-1"}, False), {"read-keys", "call-claude"}),
        (({"openrouter"}, {"us-east-1"}, False), {"read-keys", "call-claude"}),
        ((set(), set(), True), {"prove-identity"}),
        (({"openrouter"}, set(), False), {"read-keys"}),
    ]


def test_a_runner_is_known_to_the_account_only_while_it_reads(moments: list[Moment]) -> None:
    assert [each.runner for each in moments] == [None, {"openrouter"}, None, None, {"openrouter"}]
    assert moments[0].stack.account.oidc_providers == ()
    assert "roleArn" not in moments[0].stack.manifest["consumers"]["evals"]


def test_models_of_google_cloud_are_called_while_the_route_is_there(moments: list[Moment]) -> None:
    calls = ([WEB], {"aiplatform.endpoints.predict"}, False)
    reads: tuple[list[str], set[str], bool] = ([], set(), True)
    found = [(each.callers, each.allowed, each.role.get("deleted", False)) for each in moments]
    assert found == [calls, reads, calls, calls, reads]
