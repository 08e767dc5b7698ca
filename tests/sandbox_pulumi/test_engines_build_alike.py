"""What stands in the cloud afterwards is the same, whichever engine built it.

Two sandboxes with the stacks sandbox and dev, one for each engine, compared through the APIs alone.
"""

from __future__ import annotations

import base64
import io
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.clock.gcp.client import GoogleClient
from sandbox.pulumi_cli.find import Engine
from sandbox.server.client import ServerClient
from sandbox.server.record import ServerRecord, read_record
from tests.end_to_end.project_copy import ProjectCopy
from tests.sandbox_pulumi.engine_copy import REGION, clients, give_engine, up
from tests.sandbox_pulumi.inventory import Inventory, comparable, inventory

STACKS = ("sandbox", "dev")
GOOGLE_PROJECT = "/v1/projects/keyplan-sandbox"
GOOGLE = {
    "secrets": "secrets",
    "serviceAccounts": "accounts",
    "roles": "roles",
    "locations/global/workloadIdentityPools": "workloadIdentityPools",
    "locations/global/workloadIdentityPools/keyplan-sandbox/providers": "workloadIdentityPoolProviders",
}
MADE_UP = ("createTime", "etag", "oauth2ClientId", "uniqueId")
# `python -m sandbox up` builds the stack sandbox only; the engine under it knows no such limit.
BUILTIN_UP = """
import sys
from pathlib import Path
from sandbox.isolation import isolate_this_process
isolate_this_process()
from keyplan.checks.files import raw_config
from sandbox.builtin import run_program
from sandbox.commands.up import start_server
from sandbox.configuration import Configuration
from sandbox.project import Project
from sandbox.server.record import digest

project, stack = Project(Path.cwd()), sys.argv[1]
record = start_server(project, 0)
run_program(
    project=project.root,
    stack=stack,
    config=Configuration(raw_config(project.root, stack)).with_endpoints(
        record.url, record.gcp_url, record.vendor_url
    ),
    state_file=project.directory / f"{stack}.state.json",
    instance_id=digest(record.instance),
)
"""


def built_by_the_builtin_engine(copy: ProjectCopy) -> Inventory:
    for stack in STACKS:
        ran = copy.run(sys.executable, "-c", BUILTIN_UP, stack)
        assert ran.code == 0, ran.said
    return account_of(copy)


def built_by_pulumis_engine(copy: ProjectCopy) -> Inventory:
    for stack in STACKS:
        up(copy, stack)
    return account_of(copy)


def account_of(copy: ProjectCopy) -> Inventory:
    """Everything in the copy's cloud; of functions the files instead of the hash of all of them, since the
    settings among them name ARNs that are random."""
    found = inventory(clients(copy))
    record = read_record(copy.directory / ".keyplan" / "sandbox")
    assert record is not None
    for name, function in found.items():
        if name.startswith("function "):
            code = ServerClient(record).ask("function", name=function["FunctionName"], region=REGION)[
                "archive"
            ]
            with zipfile.ZipFile(io.BytesIO(base64.b64decode(code))) as archive:
                function["files"] = {file: archive.read(file).decode() for file in archive.namelist()}
            del function["CodeSha256"], function["CodeSize"]
    return {**comparable(found), **on_google_cloud(record)}


def on_google_cloud(record: ServerRecord) -> Inventory:
    """Who may read what, and as whom CI runners are known, in the project of the stack sandbox."""
    client, found = GoogleClient(record), {}
    for collection, field in GOOGLE.items():
        for one in client.list_all(f"{GOOGLE_PROJECT}/{collection}", field):
            lasting = {key: value for key, value in one.items() if key not in MADE_UP}
            if field == "secrets":
                policy = client.do("GET", f"/v1/{one['name']}:getIamPolicy")
                lasting["policy"] = {
                    one["role"]: sorted(one["members"]) for one in policy.get("bindings", ())
                }
            found[f"google {one['name']}"] = lasting
    return found


@pytest.fixture(scope="module")
def accounts(make_copy: Callable[[], ProjectCopy], real_engine: Engine) -> tuple[Inventory, Inventory]:
    """What the two engines built: the builtin one's first."""
    ours, theirs = make_copy(), give_engine(make_copy(), real_engine)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(built_by_the_builtin_engine, ours)
        return first.result(), built_by_pulumis_engine(theirs)


def test_both_engines_build_the_same_resources(accounts: tuple[Inventory, Inventory]) -> None:
    builtin, pulumis = accounts
    assert builtin.keys() == pulumis.keys()
    assert {name: (one, pulumis[name]) for name, one in builtin.items() if one != pulumis[name]} == {}


def test_everything_that_the_catalogues_name_is_among_what_was_compared(
    accounts: tuple[Inventory, Inventory],
) -> None:
    for account in accounts:
        kinds = [name.split(" arn:")[0].rsplit(" ", 1)[0] for name in account]
        named = {name for name in account if name.startswith("secret ")}
        assert named == {
            "secret dev/anthropic-api-key",
            "secret dev/openrouter-api-key",
            "secret sandbox/anthropic-admin-api-key",
            "secret sandbox/anthropic-api-key",
        }
        assert kinds.count("function") == 2 * len(STACKS)
        assert all(one["files"] for name, one in account.items() if name.startswith("function "))
        assert all(account[name]["policy"] for name in named)
        google = [name for name in account if name.startswith("google ")]
        assert {part for name in google for part in GOOGLE if f"/{part.rsplit('/', 1)[-1]}/" in name} == {
            *GOOGLE
        }
        secret = account["google projects/123456789012/secrets/sandbox-anthropic-api-key"]
        assert len(secret["policy"]["roles/secretmanager.secretAccessor"]) == 3
        roles = {name for name in account if ":role/" in name}
        for stack, consumer in (("sandbox", "chat-api"), ("sandbox", "evals"), ("dev", "workbench")):
            assert any(name.endswith(f"{stack}-{consumer}-reader") for name in roles)
