"""Ask the sandbox's Google Cloud, by plain HTTP, as anybody."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from keyplan.errors import Unreachable
from sandbox.server.record import ServerRecord

ADMINISTRATOR = "user:admin@example.com"  # owns every project of the sandbox
TIMEOUT_SECONDS = 60.0
PAGE_SIZE = 1000
OK = 200


@dataclass(frozen=True)
class Answer:
    """What came back: JSON, or the bytes of an object."""

    status: int
    body: Any

    @property
    def reason(self) -> str:
        """Google's word for an error: `PERMISSION_DENIED`."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error.get("status", self.status)) if isinstance(error, dict) else str(self.status)


class GoogleClient:
    """Requests over one kept connection; not for several threads at once."""

    def __init__(self, record: ServerRecord, member: str = ADMINISTRATOR) -> None:
        """Args: member: who asks, as IAM names it; what else is known of it as a query."""
        self._record = record
        self._connection = http.client.HTTPConnection("127.0.0.1", record.gcp_port, timeout=TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer sandbox:{member}", "Content-Type": "application/json"}

    def as_member(self, member: str) -> GoogleClient:
        """The same cloud, asked by somebody else."""
        return GoogleClient(self._record, member)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One request; an error is an answer too. Raises Unreachable where none comes."""
        content = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, content, self._headers)
            response = self._connection.getresponse()
            data = response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return Answer(response.status, json.loads(data or b"{}") if is_json else data)
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            raise Unreachable(
                "the sandbox's Google Cloud stopped answering", "python -m sandbox up"
            ) from None

    def do(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The body of an answer. Raises Unreachable for an error."""
        answer = self.ask(method, path, body)
        if answer.status != OK:
            raise Unreachable(
                f"the sandbox's Google Cloud refused {method} {path} ({answer.reason})",
                "python -m sandbox up",
            )
        return answer.body

    def list_all(self, path: str, field: str) -> Iterator[dict[str, Any]]:
        """Everything in a collection."""
        token = ""
        while True:
            query = urlencode({"pageSize": PAGE_SIZE, "pageToken": token})
            found = self.do("GET", f"{path}?{query}")
            yield from found.get(field, [])
            token = found.get("nextPageToken", "")
            if not token:
                return

    def download(self, bucket: str, name: str) -> bytes | None:
        """An object's content; None where there is none."""
        answer = self.ask("GET", f"/storage/v1/b/{quote(bucket)}/o/{quote(name, safe='')}?alt=media")
        return answer.body if answer.status == OK and isinstance(answer.body, bytes) else None
