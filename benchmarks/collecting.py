"""What collecting an account asks and costs: python -m benchmarks.collecting.

moto in a process of its own on 127.0.0.1, with accounts of three sizes; IAM's list is given in pages of 1,000
entities, as AWS gives it (moto gives it whole). Requests are what counts: they are the same at AWS, and its
limits are per request. CPU seconds are the command's own process; wall time at AWS is round trips, and at
least a fiftieth of a second for each secret (GetResourcePolicy, 50 a second).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

SIZES = ((500, 200, 5), (1_000, 1_000, 10), (5_000, 2_000, 20))  # principals, secrets, keys
ACCOUNT, REGION = "123456789012", "eu-west-1"
SERVICES = ("iam", "secretsmanager", "kms", "organizations")
MANAGED_POLICIES_PER_PRINCIPALS = 20
DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}],
    }
)
TASKS = {"Service": "ecs-tasks.amazonaws.com"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": TASKS, "Action": "sts:AssumeRole"}],
    }
)


def main() -> int:
    """Measure and print."""
    print(f"{'principals':>10} {'secrets':>8} {'keys':>5} {'requests':>9}", end="")
    print("".join(f" {service:>15}" for service in SERVICES) + f" {'CPU s':>7} {'MiB':>6} {'file MiB':>9}")
    for size in SIZES:
        _in_a_process(_measure, size)
    return 0


def _in_a_process(what: Any, size: tuple[int, int, int]) -> None:
    """Memory and CPU are a process's: one for the cloud and one for the command, for each size."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    cloud = context.Process(target=_serve, args=(size, theirs), daemon=True)
    cloud.start()
    theirs.close()  # so that a cloud that does not come up is an end of file here
    measured = context.Process(target=what, args=(size, ours.recv()))
    measured.start()
    measured.join()
    cloud.terminate()
    if measured.exitcode:
        sys.exit(measured.exitcode)


def _measure(size: tuple[int, int, int], address: str) -> None:
    from keyplan import cli
    from keyplan.collecting.access import Access

    asked: Counter[str] = Counter()
    send = Access.send

    def counted(access: Access, call: Any) -> Any:
        asked[call.service] += 1
        return send(access, call)

    Access.send = counted  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as directory:
        os.environ["HOME"] = directory
        manifest, out = Path(directory) / "manifest.json", Path(directory) / "accounts.json"
        manifest.write_text(json.dumps(_manifest(address)))
        before = resource.getrusage(resource.RUSAGE_SELF)
        with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            code = cli.run(["audit", "collect", "--manifest", str(manifest), "--out", str(out)])
        after = resource.getrusage(resource.RUSAGE_SELF)
        if code:
            sys.exit(code)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        principals, secrets, keys = size
        print(f"{principals:>10,} {secrets:>8,} {keys:>5} {asked.total():>9,}", end="")
        print("".join(f" {asked[service]:>15,}" for service in SERVICES), end="")
        print(
            f" {seconds:>7.1f} {after.ru_maxrss / 1024:>6.0f} {out.stat().st_size / 2**20:>9.1f}", flush=True
        )


def _manifest(address: str) -> dict[str, Any]:
    return {
        "format": "keyplan-manifest/1",
        "environment": "bench",
        "owner": "platform@example.com",
        "escalateAfter": "7d",
        "clouds": {
            "aws": {
                "accountId": ACCOUNT,
                "partition": "aws",
                "region": REGION,
                "kmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d",
                "operatorPolicyArns": [],
                "auditorRoleArn": f"arn:aws:iam::{ACCOUNT}:role/bench-keyplan-auditor",
                "endpoints": {"secretsmanager": address, "sts": address},
            }
        },
        "keys": {},
        "consumers": {},
    }


def _serve(size: tuple[int, int, int], told: Connection) -> None:
    import logging

    from moto.iam.responses import IamResponse
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    _fill(*size)
    whole = IamResponse.get_account_authorization_details
    IamResponse.get_account_authorization_details = lambda response: _page(response, whole(response))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told.send(f"http://{host}:{port}")
    told.recv()  # until the process is ended


def _page(response: Any, answer: Any) -> Any:
    """A page of the lists, entities counted over all of them."""
    start, most = int(response._get_param("Marker") or 0), int(response._get_param("MaxItems") or 100)
    content, position = answer.result, 0
    for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
        listed = list(content[name])
        content[name] = [
            each for number, each in enumerate(listed, position) if start <= number < start + most
        ]
        position += len(listed)
    content["IsTruncated"] = start + most < position
    if content["IsTruncated"]:
        content["Marker"] = str(start + most)
    return answer


def _fill(principals: int, secrets: int, keys: int) -> None:
    """Straight into moto's own tables: by requests it would take minutes."""
    from moto.iam.models import iam_backends
    from moto.kms.models import kms_backends
    from moto.secretsmanager.models import secretsmanager_backends

    iam, kms = iam_backends[ACCOUNT]["aws"], kms_backends[ACCOUNT][REGION]
    stored = secretsmanager_backends[ACCOUNT][REGION]
    arns = [
        iam.create_policy("", "/", DOCUMENT, f"policy{number}", []).arn
        for number in range(principals // MANAGED_POLICIES_PER_PRINCIPALS)
    ]
    for number in range(principals):
        # Straight into the table: moto compares a new role's name with every other.
        iam.roles.update(_role(number, iam.managed_policies[arns[number % len(arns)]]))
    key_ids = [
        kms.create_key(
            policy=DOCUMENT,
            key_usage="ENCRYPT_DECRYPT",
            key_spec="SYMMETRIC_DEFAULT",
            description="",
            tags=[],
        ).arn
        for _ in range(keys)
    ]
    for number in range(secrets):
        name = f"prod/key{number}-api-key"
        stored.create_secret(name, None, None, "", [], key_ids[number % keys], None, [], False)
        stored.put_resource_policy(name, DOCUMENT)


def _role(number: int, policy: Any) -> dict[str, Any]:
    from moto.iam.models import Role

    role_id = f"AROA{number:017}"
    role = Role(ACCOUNT, "aws", role_id, f"role{number}", TRUST, "/", None, "", [], "3600")
    role.policies["own"] = DOCUMENT
    policy.attach_to(role)
    return {role_id: role}


if __name__ == "__main__":
    sys.exit(main())
