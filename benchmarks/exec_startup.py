"""How long keyplan takes to hand over a key, against boto3's floor and the AWS CLI:
python -m benchmarks.exec_startup.

One moto server on 127.0.0.1 with one secret; each contestant reads it in a process of its own and becomes
/bin/true, but for the CLI, the bare request and `keyplan key-helper`, which print it. Runs alternate, so that
a busy moment of the machine hits all of them. Absolute times are this machine's; the ratios are what counts:
keyplan at most 0.6 of the floor, and three times as fast as the CLI. Bytecode is compiled before: where it
cannot be cached, every Python start takes twice as long.
"""

from __future__ import annotations

import argparse
import compileall
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 20
REGION = "eu-west-1"
ACCOUNT = "123456789012"
NAME = "bench/anthropic-api-key"
BIN = Path(sys.executable).parent
PROJECT = Path(__file__).resolve().parent.parent

FLOOR = """
import json, os, sys
import boto3
client = boto3.client("secretsmanager", region_name="eu-west-1", endpoint_url=sys.argv[1])
value = json.loads(client.get_secret_value(SecretId=sys.argv[2])["SecretString"])["ANTHROPIC_API_KEY"]
os.execvpe("true", ["true"], {**os.environ, "ANTHROPIC_API_KEY": value})
"""
# What AWS checks of the signature is left out, and the emulator does not miss it: nothing can be faster.
BARE = """
import http.client, json, sys
arn, host = sys.argv[2], sys.argv[1].removeprefix("http://")
headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager.GetSecretValue"}
headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=testing/20260101/eu-west-1/secretsmanager/x"
connection = http.client.HTTPConnection(host)
connection.request("POST", "/", json.dumps({"SecretId": arn}), headers)
print(json.loads(json.loads(connection.getresponse().read())["SecretString"])["ANTHROPIC_API_KEY"])
"""
FLOOR_RATIO_AIM = 0.6
CLI_FACTOR_AIM = 3.0


def main() -> int:
    """Measure and print; the exit code is 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each contestant (default: {RUNS})")
    runs = parser.parse_args().runs
    compile_keyplan()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        url, arn = _serve()
        contestants = _contestants(url, arn, home)
        times = measure(contestants, _environment(home), runs)
    _print(times)
    return 0 if _aims_met(times) else 1


def compile_keyplan() -> None:
    """As `make` does at install; PYTHONDONTWRITEBYTECODE would otherwise decide what is measured."""
    sys.dont_write_bytecode = False
    compileall.compile_dir(PROJECT / "keyplan", quiet=2)


def _serve() -> tuple[str, str]:
    """Start moto in this process and store one key: its URL and the secret's ARN."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106  # what an emulator takes
    )
    content = json.dumps({"ANTHROPIC_API_KEY": "measured"})
    return url, client.create_secret(Name=NAME, SecretString=content)["ARN"]


def _contestants(url: str, arn: str, home: Path) -> dict[str, list[str]]:
    manifest = home / "manifest.json"
    manifest.write_text(json.dumps(_manifest(url, arn)))
    floor = home / "floor.py"
    floor.write_text(FLOOR)
    bare = home / "bare.py"
    bare.write_text(BARE)
    read = ["secretsmanager", "get-secret-value", "--secret-id", arn, "--region", REGION]
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "keyplan exec": [str(BIN / "keyplan"), "exec", "--manifest", str(manifest), "--", "true"],
        "keyplan key-helper": [str(BIN / "keyplan"), "key-helper", "--manifest", str(manifest)],
        "standard library, one read": [sys.executable, str(bare), url, arn],
        "boto3, one read, execvp": [sys.executable, str(floor), url, arn],
        "aws get-secret-value": [str(BIN / "aws"), *read, "--endpoint-url", url],
    }


def _manifest(url: str, arn: str) -> dict[str, object]:
    secret = {"name": NAME, "arn": arn, "jsonKey": "ANTHROPIC_API_KEY"}
    durations = {"rotateEvery": "90d", "remindBefore": "14d", "grace": "7d"}
    key = {"vendor": "anthropic", "owner": "a@example.com", "envVar": "ANTHROPIC_API_KEY", **durations}
    aws = {
        "accountId": ACCOUNT,
        "partition": "aws",
        "region": REGION,
        "kmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/bench",
        "operatorPolicyArns": [],
        "auditorRoleArn": f"arn:aws:iam::{ACCOUNT}:role/bench",
        "endpoints": {"secretsmanager": url},
    }
    return {
        "format": "keyplan-manifest/1",
        "environment": "bench",
        "owner": "a@example.com",
        "escalateAfter": "7d",
        "clouds": {"aws": aws},
        "keys": {"anthropic": {**key, "aws": secret}},
        "consumers": {},
    }


def _environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def measure(contestants: dict[str, list[str]], environ: dict[str, str], runs: int) -> dict[str, list[float]]:
    """Milliseconds of each run; the first round, which fills caches, does not count."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(runs + 1):
        for name, command in contestants.items():
            started = time.perf_counter()
            subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: found[1:] for name, found in times.items()}


def _print(times: dict[str, list[float]]) -> None:
    print(f"{'milliseconds':<26} {'minimum':>8} {'median':>8}")
    for name, found in times.items():
        print(f"{name:<26} {min(found):>8.0f} {statistics.median(found):>8.0f}")
    ours, floor, cli = (
        times[name] for name in ("keyplan exec", "boto3, one read, execvp", "aws get-secret-value")
    )
    for word, of in (("minimum", min), ("median", statistics.median)):
        print(
            f"{word}: keyplan is {of(ours) / of(floor):.2f} of the boto3 floor (aim {FLOOR_RATIO_AIM}), "
            f"{of(cli) / of(ours):.1f} times as fast as the AWS CLI (aim {CLI_FACTOR_AIM:.0f})"
        )
        helper, bare = of(times["keyplan key-helper"]), of(times["standard library, one read"])
        print(
            f"{word}: key-helper is {helper / of(floor):.2f} of the boto3 floor, "
            f"{helper / bare:.2f} of the bare standard library"
        )


def _aims_met(times: dict[str, list[float]]) -> bool:
    ours = min(times["keyplan exec"])
    return (
        ours / min(times["boto3, one read, execvp"]) <= FLOOR_RATIO_AIM
        and min(times["aws get-secret-value"]) / ours >= CLI_FACTOR_AIM
    )


if __name__ == "__main__":
    sys.exit(main())
