"""How long `keyplan exec` takes on Google Cloud, against its floors: python -m benchmarks.gcp_startup.

The sandbox's Google Cloud on 127.0.0.1 with one secret; each contestant reads it in a process of its own and
becomes /bin/true: Python alone, one REST access with the standard library and nothing else, google-auth with
urllib3, and Google's client library. Runs alternate, so that a busy moment of the machine hits all of them.
Absolute times are this machine's; the ratios are what counts: keyplan at most 0.6 of google-auth with
urllib3, and at least five times as fast as the client library.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.exec_startup import BIN, compile_keyplan, measure

RUNS = 20
PROJECT = "keyplan-sandbox"
SECRET = "bench-anthropic-api-key"  # noqa: S105  # a name
OWNER = "user:admin@example.com"
GOOGLE_AUTH_RATIO_AIM = 0.6
CLIENT_FACTOR_AIM = 5.0

REST = """
import base64, http.client, json, os, sys
connection = http.client.HTTPConnection(sys.argv[1])
connection.request("GET", sys.argv[2] + ":access", headers={"Authorization": "Bearer sandbox:OWNER"})
payload = json.load(connection.getresponse())["payload"]["data"]
os.execvpe("true", ["true"], {**os.environ, "ANTHROPIC_API_KEY": base64.b64decode(payload).decode()})
"""
GOOGLE_AUTH = """
import base64, json, os, sys
import google.auth.credentials
import google.auth.transport.urllib3
import urllib3
class Sandbox(google.auth.credentials.AnonymousCredentials):
    def before_request(self, request, method, url, headers):
        headers["Authorization"] = "Bearer sandbox:OWNER"
http = google.auth.transport.urllib3.AuthorizedHttp(Sandbox(), http=urllib3.PoolManager())
payload = json.loads(http.request("GET", f"http://{sys.argv[1]}{sys.argv[2]}:access").data)["payload"]["data"]
os.execvpe("true", ["true"], {**os.environ, "ANTHROPIC_API_KEY": base64.b64decode(payload).decode()})
"""
CLIENT = """
import os, sys
import google.auth.credentials
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceRestTransport,
)
class Sandbox(google.auth.credentials.AnonymousCredentials):
    def before_request(self, request, method, url, headers):
        headers["authorization"] = "Bearer sandbox:OWNER"
client = SecretManagerServiceClient(transport=SecretManagerServiceRestTransport(
    host=sys.argv[1], url_scheme="http", credentials=Sandbox()))
value = client.access_secret_version(name=sys.argv[2].removeprefix("/v1/")).payload.data.decode()
os.execvpe("true", ["true"], {**os.environ, "ANTHROPIC_API_KEY": value})
"""


def main() -> int:
    """Measure and print; the exit code is 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each contestant (default: {RUNS})")
    runs = parser.parse_args().runs
    compile_keyplan()
    with tempfile.TemporaryDirectory() as directory, google_cloud() as (host, _asked):
        home = Path(directory)
        store(host)
        environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
        times = measure(_contestants(host, home), environ, runs)
    return _print(times)


@contextmanager
def google_cloud() -> Iterator[tuple[str, list[str]]]:
    """The sandbox's Google Cloud in this process: its host, and the lines of what it is asked."""
    from werkzeug.serving import make_server

    from sandbox.gcp_server.application import GoogleCloud
    from sandbox.gcp_server.world import World
    from sandbox.server.quiet import QuietRequestHandler

    asked: list[str] = []
    served: list[Any] = []

    def answer(environ: Any, start_response: Any) -> Any:
        asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return served[0](environ, start_response)

    server = make_server("127.0.0.1", 0, app=answer, threaded=True, request_handler=QuietRequestHandler)
    served.append(GoogleCloud(World(), server.port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.port}", asked
    server.shutdown()
    server.server_close()


def ask(host: str, method: str, path: str, body: object) -> None:
    """One request as the project's owner; it has to succeed."""
    import http.client

    connection = http.client.HTTPConnection(host)
    connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer sandbox:{OWNER}"})
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status != http.client.OK:
        raise RuntimeError(f"{method} {path}: {response.status}")


def store(host: str, secret: str = SECRET, environment: str = "bench") -> None:
    """A secret with one value that readers get."""
    labels = {"environment": environment, "managed-by": "keyplan"}
    empty = {"replication": {"automatic": {}}, "labels": labels}
    path = f"/v1/projects/{PROJECT}/secrets"
    ask(host, "POST", f"{path}?secretId={secret}", empty)
    ask(host, "POST", f"{path}/{secret}:addVersion", {"payload": {"data": "bWVhc3VyZWQ="}})
    aliases = {"versionAliases": {"current": "1"}}
    ask(host, "PATCH", f"{path}/{secret}?updateMask=versionAliases", aliases)


def manifest(host: str, keys: dict[str, str]) -> dict[str, object]:
    """A manifest; `keys` maps a key's name to its secret's id."""
    durations = {"rotateEvery": "90d", "remindBefore": "14d", "grace": "7d"}
    return {
        "format": "keyplan-manifest/1",
        "environment": "bench",
        "owner": "a@example.com",
        "escalateAfter": "7d",
        "clouds": {
            "gcp": {
                "projectId": PROJECT,
                "projectNumber": "123456789012",
                "region": "europe-west1",
                "operatorRole": f"projects/{PROJECT}/roles/keyplan_bench_operator",
                "auditorRole": f"projects/{PROJECT}/roles/keyplan_bench_auditor",
                "endpoints": {"secretmanager": f"http://{host}"},
            }
        },
        "keys": {
            name: {
                "vendor": "generic",
                "owner": "a@example.com",
                "envVar": f"{name.upper().replace('-', '_')}_API_KEY",
                **durations,
                "gcp": {"name": secret, "resource": f"projects/{PROJECT}/secrets/{secret}"},
            }
            for name, secret in keys.items()
        },
        "consumers": {},
    }


def _contestants(host: str, home: Path) -> dict[str, list[str]]:
    file = home / "manifest.json"
    file.write_text(json.dumps(manifest(host, {"anthropic": SECRET})))
    version = f"/v1/projects/{PROJECT}/secrets/{SECRET}/versions/current"
    found = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "keyplan exec": [str(BIN / "keyplan"), "exec", "--manifest", str(file), "--", "true"],
    }
    scripts = {
        "standard library, execvp": REST,
        "google-auth and urllib3, execvp": GOOGLE_AUTH,
        "Google's client library, execvp": CLIENT,
    }
    for number, (name, script) in enumerate(scripts.items()):
        path = home / f"contestant{number}.py"
        path.write_text(script.replace("OWNER", OWNER))
        found[name] = [sys.executable, str(path), host, version]
    return found


def _print(times: dict[str, list[float]]) -> int:
    print(f"{'milliseconds':<34} {'minimum':>8} {'median':>8}")
    for name, found in times.items():
        print(f"{name:<34} {min(found):>8.0f} {statistics.median(found):>8.0f}")
    ours, bare, google_auth, client = (
        min(times[name])
        for name in (
            "keyplan exec",
            "standard library, execvp",
            "google-auth and urllib3, execvp",
            "Google's client library, execvp",
        )
    )
    print(
        f"minimum: keyplan is {ours / bare:.2f} of the bare floor, {ours / google_auth:.2f} of google-auth "
        f"with urllib3 (aim {GOOGLE_AUTH_RATIO_AIM}), {client / ours:.1f} times as fast as the client "
        f"library (aim {CLIENT_FACTOR_AIM:.0f})"
    )
    return 0 if ours / google_auth <= GOOGLE_AUTH_RATIO_AIM and client / ours >= CLIENT_FACTOR_AIM else 1


if __name__ == "__main__":
    sys.exit(main())
