"""Who read a secret on Google Cloud: the Data Access audit log, where the project writes one.

Owns which entries are asked for and what one says. The log is off unless the project's audit configuration
turns it on, so that no entry proves nothing: the report says so.
Source: Cloud Logging API v2, entries.list; "Secret Manager audit logging"; "Access control with IAM" of Cloud
Logging: these entries take logging.privateLogEntries.list (checked 2026-11-21).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from keyplan.endpoints import Endpoint, endpoint_for, require_trusted
from keyplan.errors import AccessDenied, KeyplanError, StoreError, Unreachable
from keyplan.http.exchange import HTTP_OK, NoAnswer, Setback, insist
from keyplan.http.opening import Channel
from keyplan.reads.tally import Read, ReadReport, shown, tally
from keyplan.stores.gcp_errors import Place, Subject
from keyplan.stores.gcp_tokens import find_access

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from keyplan.manifest.model import Manifest, ManifestKey

PERMISSION = "logging.privateLogEntries.list"
ROLE = "roles/logging.privateLogViewer"
GOOGLE = Endpoint("logging", "https://logging.googleapis.com", "gcp")
METHOD = "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion"
TARGET = "/v2/entries:list"
PAGE_SIZE = 1000  # the most that entries.list gives
LIMIT_SECONDS = 60.0
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
KEPT_DAYS = 30  # Source: Cloud Logging, "Quotas and limits": the _Default bucket's retention.
HTTP_TOO_MANY, HTTP_BROKEN = 429, 500


def read_report(
    manifest: Manifest,
    key: ManifestKey,
    since: datetime,
    now: datetime,
    trusted_hosts: Collection[str],
    timeout_seconds: float,
    report: Callable[[str], None],
    environ: Mapping[str, str] = os.environ,
    limit_seconds: float = LIMIT_SECONDS,
) -> ReadReport:
    """Who asked for the value of a key's secret on Google Cloud.

    Args:
        since: from when on.
        now: the moment.
        limit_seconds: how long to go through the log.

    Raises:
        AccessDenied: without logging.privateLogEntries.list; the message names it.
        KeyplanError: as the stores do.
    """
    gcp = manifest.on_gcp()
    endpoint = endpoint_for("logging", gcp.endpoints, "gcp")
    if endpoint is not None:
        require_trusted(endpoint, trusted_hosts)
    log = _Log(manifest, key, endpoint or GOOGLE, timeout_seconds, report, environ)
    deadline = time.monotonic() + limit_seconds
    reads, cut_at = [], None
    for entry in log.entries(since, now):
        read = read_of(entry)
        if read is None:
            continue
        reads.append(read)
        if time.monotonic() > deadline:
            cut_at = read.at
            break
    return ReadReport(
        "gcp",
        cut_at or since,
        now,
        tally(reads, manifest, key.name, "gcp"),
        is_complete=cut_at is None and bool(reads),
        notes=tuple(_notes(gcp.project_id, since, now, reads, cut_at)),
    )


def _notes(
    project_id: str, since: datetime, now: datetime, reads: list[Read], cut_at: datetime | None
) -> Iterator[str]:
    if not reads:
        yield (
            "no entries: either nobody read, or the project writes no Data Access log for Secret Manager; "
            f"gcloud projects get-iam-policy {project_id} --format='json(auditConfigs)' shows which"
        )
    if (now - since).days >= KEPT_DAYS:
        yield f"Cloud Logging keeps these entries {KEPT_DAYS} days unless the project keeps them longer"
    if cut_at is not None:
        yield f"there are so many reads that those before {cut_at:%Y-%m-%d %H:%M} UTC were not looked at"


class _Log:
    """The entries of one secret."""

    def __init__(
        self,
        manifest: Manifest,
        key: ManifestKey,
        address: Endpoint,
        timeout_seconds: float,
        report: Callable[[str], None],
        environ: Mapping[str, str],
    ) -> None:
        gcp = manifest.on_gcp()
        self._project_id = gcp.project_id
        self._resource = f"projects/{gcp.project_number}/secrets/{key.on_gcp().name}/versions/"
        place = Place(manifest.environment, gcp.project_id, address if address is not GOOGLE else None)
        self._subject = Subject(place, PERMISSION, key.name)
        self._address, self._report = address, report
        self._timeout_seconds = timeout_seconds
        sandbox = address if address.is_sandbox else None
        access = find_access(sandbox, self._subject, report, environ, time.monotonic() + timeout_seconds)
        self._token = access.token
        self._channel = Channel(address, environ, ANSWER_LIMIT_BYTES, "Cloud Logging", report)

    def entries(self, since: datetime, now: datetime) -> Iterator[Mapping[str, Any]]:
        """The entries, newest first."""
        query: dict[str, Any] = {
            "resourceNames": [f"projects/{self._project_id}"],
            "filter": self._filter(since, now),
            "orderBy": "timestamp desc",
            "pageSize": PAGE_SIZE,
        }
        while True:
            answer = self._ask(query)
            found = answer.get("entries")
            yield from (
                entry for entry in (found if isinstance(found, list) else []) if isinstance(entry, dict)
            )
            if not answer.get("nextPageToken"):
                self._channel.close()
                return
            query["pageToken"] = answer["nextPageToken"]

    def _filter(self, since: datetime, now: datetime) -> str:
        log = f"projects/{self._project_id}/logs/cloudaudit.googleapis.com%2Fdata_access"
        terms = (
            f'logName="{log}"',
            f'protoPayload.methodName="{METHOD}"',
            f'protoPayload.resourceName:"{self._resource}"',
            f'timestamp>="{_stamp(since)}"',
            f'timestamp<="{_stamp(now)}"',
        )
        return " AND ".join(terms)

    def _ask(self, query: Mapping[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + self._timeout_seconds
        content = json.dumps(query).encode()
        return insist(lambda: self._attempt(content, deadline), PERMISSION, deadline, self._report)

    def _attempt(self, content: bytes, deadline: float) -> dict[str, Any] | Setback:
        try:
            status, text = self._send(content, deadline)
        except NoAnswer as failure:
            return Setback(self._unreachable(failure.words), failure.words, failure.may_pass)
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if status == HTTP_OK and isinstance(answer, dict):
            return answer
        may_pass = status == HTTP_TOO_MANY or status >= HTTP_BROKEN
        return Setback(self._error(status), f"status {status}", may_pass)

    def _send(self, content: bytes, deadline: float) -> tuple[int, bytes]:
        headers = {
            "Host": self._address.authority,
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "keyplan",
        }
        return self._channel.send("POST", TARGET, headers, content, deadline)

    def _unreachable(self, words: str) -> KeyplanError:
        return Unreachable(f"{self._subject.named}: no answer from Cloud Logging: {words}")

    def _error(self, status: int) -> KeyplanError:
        if status in (401, 403):
            return AccessDenied(
                f"{self._subject.named}: your Google Cloud identity may not see who read: it lacks "
                f"{PERMISSION} (project {self._project_id})",
                f"{ROLE} grants it",
            )
        return StoreError(
            f"{self._subject.named}: Cloud Logging gave no usable answer (status {status})",
            "run the command again in a minute",
        )


def read_of(entry: Mapping[str, Any]) -> Read | None:
    """What an audit log entry says; None where it is none."""
    try:
        payload = entry["protoPayload"]
        who = payload.get("authenticationInfo") or {}
        request = payload.get("requestMetadata") or {}
        email, subject = str(who.get("principalEmail") or ""), str(who.get("principalSubject") or "")
        principal = subject or _member(email)
        return Read(
            principal,
            shown(email or subject or "somebody whom the log does not name"),
            datetime.fromisoformat(str(entry["timestamp"])),
            shown(request.get("callerIp")),
            shown(request.get("callerSuppliedUserAgent")),
            is_refused=bool((payload.get("status") or {}).get("code")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _member(email: str) -> str:
    if not email:
        return ""
    return f"{'serviceAccount' if email.endswith('.gserviceaccount.com') else 'user'}:{email}"


def _stamp(at: datetime) -> str:
    # To the microsecond, as the entries are: a whole second would leave out who read within the last one.
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
