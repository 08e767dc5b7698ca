"""Routes that only the sandbox has, under /sandbox/: who am I, move time, read what moto keeps to itself.

`health` is open to every local process; the others need the instance's id, which stands in a file that only
the user can read.

| route | answers |
|---|---|
| GET health | instance, pid, started (epoch seconds), most_memory_bytes (ever used) |
| POST advance {"seconds": N} | moves what is stored N seconds into the past: what was aged and what is gone |
| POST alarms {"at": epoch seconds, "region"} | each alarm's settings, state and the data it looks at |
| POST stamp-alarm {"name", "region", "at"} | dates an alarm's last change of state |
| POST counts {"namespace", "counts": {NAME: N}, "dimensions", "at", "region"} | stores metric data |
| POST function {"name": NAME, "region": NAME} | a Lambda function's archive, base64 |
| POST mails | the e-mails that SNS would have sent since the last call |
| POST google-project {"project": ID} | makes a project of Google Cloud, unless it is there |
| POST google-clock {"notes"?: NOTES} | what the clock remembers of alert policies; keeps what is given |
| POST trail {"record": RECORD} | a record of CloudTrail that LookupEvents finds from now on |
| POST console {"do": create, list, use or deactivate, …} | what a person does at the vendor (`console`) |
| POST google-secrets {"project": ID} | each secret's versions, whether `current` is readable, its date |
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from sandbox.gcp_server.application import GoogleCloud
from sandbox.moto_patches.mail_delivery import take_mails
from sandbox.moto_patches.trail_events import remember
from sandbox.server import aging, console, metrics
from sandbox.server.record import digest
from sandbox.vendor_server import VendorWorld
from sandbox.vendor_server.errors import VendorRefusalError
from sandbox.vendor_server.journal import JournalError

Answer = tuple[int, dict[str, Any]]
INSTANCE_HEADER = "X-Keyplan-Sandbox"


class Administration:
    """Answers the sandbox's own routes for one server process."""

    def __init__(self, instance: str, google: GoogleCloud, vendor: VendorWorld) -> None:
        self._instance = instance
        self._started = time.time()
        self._routes: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "advance": lambda given: aging.age_everything(int(given["seconds"]), google, vendor),
            "alarms": lambda given: {"alarms": metrics.alarms_with_data(given["region"], float(given["at"]))},
            "stamp-alarm": lambda given: metrics.stamp_alarm(
                given["region"], given["name"], float(given["at"])
            ),
            "counts": metrics.store_counts,
            "function": _function_archive,
            "mails": lambda given: {"mails": take_mails()},
            "google-project": lambda given: {"number": google.ensure_project(str(given["project"]))},
            "google-clock": lambda given: {"notes": google.clock_notes(given.get("notes"))},
            "trail": lambda given: remember(given["record"]),
            "console": lambda given: console.answer(vendor, given),
            "google-secrets": lambda given: {"secrets": google.secrets_of(str(given["project"]))},
        }

    def answer(self, environ: dict[str, Any]) -> Answer:
        """The status and the JSON body for a request under /sandbox/."""
        name = environ["PATH_INFO"].removeprefix("/sandbox/")
        if name == "health":
            return 200, self._health()
        given_instance = environ.get("HTTP_X_KEYPLAN_SANDBOX", "")
        if not hmac.compare_digest(given_instance.encode(), self._instance.encode()):
            return 403, {"error": "the instance's id is missing"}
        route = self._routes.get(name)
        if route is None or environ["REQUEST_METHOD"] != "POST":
            return 404, {"error": "there is no such route"}
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            return 200, route(json.loads(environ["wsgi.input"].read(length) or b"{}"))
        except JournalError as error:
            return 507, {"problem": str(error)}
        except (KeyError, ValueError, TypeError, VendorRefusalError) as error:
            return 400, {"error": type(error).__name__}

    def _health(self) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "instance_digest": digest(self._instance),
            "pid": os.getpid(),
            "started": self._started,
            "most_memory_bytes": peak if sys.platform == "darwin" else peak * 1024,  # Linux counts in KiB
        }


def _function_archive(given: dict[str, Any]) -> dict[str, Any]:
    from moto.awslambda.utils import get_backend
    from moto.core.models import DEFAULT_ACCOUNT_ID

    function = get_backend(DEFAULT_ACCOUNT_ID, given["region"]).get_function(given["name"])
    return {"archive": base64.b64encode(function.code_bytes).decode()}
