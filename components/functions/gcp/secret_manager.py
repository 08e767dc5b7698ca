"""What the reminder asks Secret Manager: dates and states of versions, never a value.

Standard library only: the function then needs no package beside the one that starts it. The token is the
function's own service account's, from the metadata server.
Sources: Secret Manager API v1, projects.secrets.get and projects.secrets.versions.get (an alias is accepted
in place of a version's number); Compute Engine, "View and query VM metadata" (checked 2026-11-21).
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..ages import Problem, Reading

PUBLIC_URL = "https://secretmanager.googleapis.com"
# The variable that Google's own libraries read for the same purpose.
METADATA_HOST_VARIABLE = "GCE_METADATA_HOST"
METADATA_HOST = "metadata.google.internal"
URL_VARIABLE = "KEYPLAN_SECRETMANAGER_URL"
CURRENT = "current"  # the alias whose version readers get
TIMEOUT_SECONDS = 15
# A project may make some hundred read requests a minute. Waiting up to a minute outlasts the refusal.
WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
NOT_FOUND, FORBIDDEN, TOO_MANY, SERVER_FAILED = 404, 403, 429, 500


class UnreachableError(RuntimeError):
    """The API or the metadata server gave no answer, or none that means anything."""


def _open(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        # The addresses are this module's own, or the deployment's environment's.
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""
    except OSError as error:
        raise UnreachableError(type(error).__name__) from None


@dataclass
class SecretManager:
    """The two calls; with waiting where the project's quota is used up."""

    url: str
    token: str = field(repr=False)
    send: Callable[[urllib.request.Request], tuple[int, bytes]] = _open
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def connect(cls) -> SecretManager:
        """With the service account's token.

        Raises:
            UnreachableError: the metadata server gives none.
        """
        host = os.environ.get(METADATA_HOST_VARIABLE, METADATA_HOST)
        path = "computeMetadata/v1/instance/service-accounts/default/token"
        request = urllib.request.Request(f"http://{host}/{path}", headers={"Metadata-Flavor": "Google"})
        status, body = _open(request)
        if status != 200:
            raise UnreachableError(f"the metadata server answered {status}")
        return cls(os.environ.get(URL_VARIABLE, PUBLIC_URL).rstrip("/"), json.loads(body)["access_token"])

    def read_metadata(self, secret: str) -> Reading:
        """When the value that readers get, and its container, were made.

        A secret that cannot be read is a finding, not a failure: the other keys are still looked at.

        Args:
            secret: `projects/example-prod/secrets/prod-anthropic-api-key`.
        """
        try:
            status, version = self._get(f"{secret}/versions/{CURRENT}")
            if status == 200:
                return _reading_of(version)
            if status != NOT_FOUND:
                return Reading(problem=_problem(status))
            # No such alias, or no such secret.
            status, container = self._get(secret)
        except UnreachableError:
            return Reading(problem=Problem.FAILED)
        if status != 200:
            return Reading(problem=_problem(status))
        return Reading(container_created=_time(container["createTime"]))

    def _get(self, name: str) -> tuple[int, dict[str, Any]]:
        for wait in (*WAITS_SECONDS, None):
            request = urllib.request.Request(  # noqa: S310 — see `_open`
                f"{self.url}/v1/{name}", headers={"Authorization": f"Bearer {self.token}"}
            )
            status, body = self.send(request)
            if wait is None or (status != TOO_MANY and status < SERVER_FAILED):
                break
            self.sleep(wait)
        return status, json.loads(body) if status == 200 else {}


def _reading_of(version: dict[str, Any]) -> Reading:
    if version.get("state") != "ENABLED":
        return Reading(problem=Problem.DISABLED)
    return Reading(value_created=_time(version["createTime"]))


def _problem(status: int) -> Problem:
    if status == FORBIDDEN:
        return Problem.DENIED
    return Problem.MISSING if status == NOT_FOUND else Problem.FAILED


def _time(text: str) -> datetime:
    """`2026-11-21T06:00:00.123456789Z`: nanoseconds, of which Python keeps six digits."""
    day, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{day}.{fraction[:6].ljust(6, '0')}").replace(tzinfo=UTC)
