"""The emulated Google Cloud: settings checked, requests in Google's REST shapes, operations waited for.

Everything here refuses to work without an explicit endpoint on this machine, so that no request can reach a
real project.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.provider.cloud import LOCAL_HOSTS
from sandbox.provider.errors import ProviderError

# The provider's setting that says where a service is, and what the path of its address ends in.
# Source: pulumi_gcp/provider.py, `*_custom_endpoint` (10.2.0); the paths in each service's discovery document
# (google-api-python-client 2.202.0, checked 2026-11-21).
ENDPOINTS: Mapping[str, tuple[str, str]] = {
    "cloudfunctions": ("cloudfunctions2CustomEndpoint", "v2/"),
    "cloudresourcemanager": ("resourceManagerCustomEndpoint", "v1/"),
    "cloudscheduler": ("cloudSchedulerCustomEndpoint", "v1/"),
    "iam": ("iamCustomEndpoint", "v1/"),
    "iamcredentials": ("iamCredentialsCustomEndpoint", "v1/"),
    "iampools": ("iamBetaCustomEndpoint", "v1/"),
    "logging": ("loggingCustomEndpoint", "v2/"),
    "monitoring": ("monitoringCustomEndpoint", ""),
    "pubsub": ("pubsubCustomEndpoint", "v1/"),
    "run": ("cloudRunV2CustomEndpoint", "v2/"),
    "secretmanager": ("secretManagerCustomEndpoint", "v1/"),
    "serviceusage": ("serviceUsageCustomEndpoint", "v1/"),
    "storage": ("storageCustomEndpoint", "storage/v1/"),
}
# The version of a service whose setting leaves it out.
VERSIONS = {"monitoring": "v3/"}
ENDPOINT_SUFFIX = "CustomEndpoint"
# Who the provider is: the owner of the project.
TOKEN = "sandbox:user:admin@example.com"  # noqa: S105 - it opens nothing but the emulator
# Settings of the real provider that change nothing here.
IGNORED_SETTINGS = frozenset(
    {
        "batching",
        "billingProject",
        "credentials",
        "disableGoogleProjectWarning",
        "requestTimeout",
        "universeDomain",
        "userProjectOverride",
        "version",
        "zone",
    }
)
# What the real provider puts on everything that it makes, unless `addPulumiAttributionLabel` says otherwise.
ATTRIBUTION = {"goog-pulumi-provisioned": "true"}
TIMEOUT_SECONDS = 30
CONNECTIONS = 8
OPERATION_SECONDS = 60
FIRST_WAIT_SECONDS = 0.01


class GoogleFailure(Exception):  # noqa: N818  # an answer; the error in words is made of it
    """An answer that is an error. `reason` and `metadata` are of Google's ErrorInfo, where it has one."""

    def __init__(self, method: str, resource: str, code: int, error: Mapping[str, Any]) -> None:
        self.method = method
        self.resource = resource
        self.code = code
        self.status = str(error.get("status") or code)
        info: Mapping[str, Any] = next((one for one in _details(error) if "reason" in one), {})
        self.reason = str(info.get("reason") or "")
        self.metadata: dict[str, str] = dict(info.get("metadata") or {})
        super().__init__(f"{method} {resource}: {code} {self.status}")


class GoogleCloud:
    """One configured provider: project, region, endpoints, default labels, connections."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Take the provider's settings; what is not text may come as JSON text.

        Raises: ProviderError for a setting that the sandbox does not know, a missing project or an
        endpoint that is not on this machine.
        """
        known = IGNORED_SETTINGS | {
            *("project", "region", "accessToken", "defaultLabels", "addPulumiAttributionLabel")
        }
        for name in sorted(settings):
            if name not in known and not name.endswith(ENDPOINT_SUFFIX):
                raise ProviderError(f"the sandbox does not know the provider setting `{name}`")
        self.project = str(settings.get("project") or "")
        if not self.project:
            raise ProviderError(
                "the provider has no project", "set `gcp:project` in the stack's configuration"
            )
        self.region = str(settings.get("region") or "")
        self._endpoints = {name: str(url) for name, url in settings.items() if name.endswith(ENDPOINT_SUFFIX)}
        for name, url in sorted(self._endpoints.items()):
            if urlsplit(url).hostname not in LOCAL_HOSTS:
                raise ProviderError(f"the setting `{name}` is no address on this machine")
        labels = _decoded(settings, "defaultLabels")
        labels = {} if labels in (None, "") else labels
        if not isinstance(labels, Mapping):
            raise ProviderError("the provider setting `defaultLabels` is not a mapping")
        attributed = str(settings.get("addPulumiAttributionLabel", True)).lower() != "false"
        self.default_labels: dict[str, str] = {**labels, **(ATTRIBUTION if attributed else {})}
        self.token = str(settings.get("accessToken") or TOKEN)
        self._number: str | None = None
        self._connections: Any = None
        self._lock = threading.Lock()

    def call(
        self,
        service: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One request. Args: path: below the API's version. Raises: GoogleFailure for an error."""
        content = None if body is None else json.dumps(body).encode()
        return self.send(
            service, method, f"{self.address(service)}{path}", content, "application/json", query
        )

    def send(
        self,
        service: str,
        method: str,
        address: str,
        content: bytes | None,
        content_type: str,
        query: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One request to a full address, with a body of any type."""
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = content_type
        url = f"{address}?{urlencode(asked, doseq=True)}" if asked else address
        answer = self._pool().request(method, url, body=content, headers=headers, retries=False)
        document = _document(answer.data)
        if answer.status >= 400:
            error = document.get("error")
            resource = address.removeprefix(self.address(service))
            known = error if isinstance(error, Mapping) else {}
            raise GoogleFailure(method, f"{resource} of {service}", answer.status, known)
        return document

    def finished(self, service: str, operation: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for a long-running operation; return its response.

        Raises: GoogleFailure when the operation failed, ProviderError when it does not end.
        """
        name, wait = str(operation.get("name", "")), FIRST_WAIT_SECONDS
        deadline = time.monotonic() + OPERATION_SECONDS
        while not operation.get("done"):
            if time.monotonic() > deadline:
                raise ProviderError(f"the operation {name} of {service} did not end in {OPERATION_SECONDS} s")
            time.sleep(wait)
            wait = min(wait * 2, 1.0)
            operation = self.call(service, "GET", name)
        if operation.get("error"):
            error = dict(operation["error"])
            raise GoogleFailure("operation", f"{name} of {service}", int(error.get("code") or 0), error)
        return dict(operation.get("response") or {})

    def address(self, service: str) -> str:
        """Where a service is, with its version. Raises: ProviderError when no setting says it."""
        setting, _ = ENDPOINTS[service]
        if setting not in self._endpoints:
            raise ProviderError(
                f"no endpoint is configured for `{service}`: the sandbox never calls the real Google Cloud",
                f"set `gcp:{setting}` in the stack's configuration",
            )
        return f"{self._endpoints[setting].rstrip('/')}/{VERSIONS.get(service, '')}"

    def project_number(self) -> str:
        """The number of the provider's project, asked once."""
        if self._number is None:
            self._number = str(
                self.call("cloudresourcemanager", "GET", f"projects/{self.project}")["projectNumber"]
            )
        return self._number

    def _pool(self) -> Any:
        import urllib3

        with self._lock:
            if self._connections is None:
                # Unlike an opener of urllib's, a pool takes no proxy from the environment.
                self._connections = urllib3.PoolManager(
                    maxsize=CONNECTIONS, timeout=urllib3.Timeout(TIMEOUT_SECONDS)
                )
            return self._connections


def endpoint_settings(url: str) -> dict[str, str]:
    """The provider's settings for an emulator that serves every API at `url`."""
    return {setting: f"{url}/{path}" for setting, path in sorted(ENDPOINTS.values())}


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content) if content else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in error.get("details") or () if isinstance(one, Mapping)]


def _decoded(settings: Mapping[str, Any], name: str) -> Any:
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ProviderError(f"the provider setting `{name}` is not JSON") from None
