"""Let somebody read a key who is not listed as its reader, and show the mail that the owners get.

A record of the read, as CloudTrail would write it, is held against the rules that are deployed; where one
matches, its function really runs. Nothing is read, and nothing is changed. --as tries another principal: a
listed reader brings no mail. Each run is a record of its own.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path
from typing import Any

from keyplan.errors import EXIT_DONE, UsageError
from sandbox.clock.events import read_event
from sandbox.clock.functions import FunctionRunner, function_name
from sandbox.clock.mails import Mail, render_one
from sandbox.clock.rules import matching_functions
from sandbox.outputs import read_manifest
from sandbox.project import find_project, one_at_a_time
from sandbox.report import say
from sandbox.server.client import ServerClient
from sandbox.server.lifecycle import require_server
from sandbox.server.record import ServerRecord

PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9/+=,.@_-]{1,512}")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox stranger`."""
    parser.add_argument("key", metavar="KEY", nargs="?", help="the key that is read (default: the first one)")
    parser.add_argument(
        "--as",
        dest="principal",
        metavar="ARN",
        help="who reads: the ARN of a role or user (default: a role that nobody listed)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Hold one read against the rules, and show what follows."""
    project = find_project(Path.cwd())
    with one_at_a_time(project):
        record = require_server(project)
        manifest = read_manifest(project)
        if manifest is None:
            raise UsageError("nothing is built in the sandbox yet", "python -m sandbox up")
        if "aws" not in manifest["clouds"]:
            raise UsageError(
                "the environment is not on AWS, and this command replays reads of AWS alone",
                "on Google Cloud, KEYPLAN_SANDBOX_MEMBER=user:eve@example.com keyplan exec … really reads",
            )
        key = _key(manifest, arguments.key)
        principal = _principal(manifest, arguments.principal)
        _read(record, manifest, key, principal, verbose=arguments.verbose)
    return EXIT_DONE


def _key(manifest: dict[str, Any], wanted: str | None) -> str:
    names: list[str] = list(manifest["keys"])
    if not names:
        raise UsageError("the catalogue has no keys", "add one to Pulumi.sandbox.yaml")
    if wanted is None:
        return names[0]
    if wanted not in names:
        raise UsageError(f"there is no such key; there is {', '.join(names)}", "python -m sandbox status")
    return wanted


def _principal(manifest: dict[str, Any], wanted: str | None) -> str:
    aws = manifest["clouds"]["aws"]
    if wanted is None:
        return f"arn:{aws['partition']}:iam::{aws['accountId']}:role/somebody-else"
    if PRINCIPAL.fullmatch(wanted) is None:
        example = f"arn:{aws['partition']}:iam::{aws['accountId']}:role/NAME"
        raise UsageError("a reader is given by the ARN of an IAM role or user", f"--as {example}")
    return wanted


def _read(record: ServerRecord, manifest: dict[str, Any], key: str, principal: str, *, verbose: bool) -> None:
    region = manifest["clouds"]["aws"]["region"]
    event = read_event(manifest["keys"][key]["aws"]["arn"], principal, int(time.time()))
    functions = matching_functions(record, region, event)
    server = ServerClient(record)
    server.ask("mails")  # what was sent before is not about this read
    say(f"{principal} reads {key}")
    if not functions:
        say("no rule matches that, so nobody hears of it")
        return
    with FunctionRunner(record, region, show_logs=verbose) as runner:
        for function in functions:
            error = runner.run(function, event)
            say(f"{function_name(function)} ran" + (f" and failed ({error})" if error else ""))
    mails = server.ask("mails")["mails"]
    if not mails:
        say("no mail was sent: the catalogue lists that reader")
    recipients: dict[tuple[str, str], list[str]] = {}
    for mail in mails:
        recipients.setdefault((mail["subject"], mail["body"]), []).append(mail["to"])
    for (subject, body), to in recipients.items():
        say("", render_one(Mail(0, event["time"], ", ".join(to), subject, body)))
