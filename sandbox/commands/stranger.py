"""Let somebody read a key who is not listed as its reader, and show the mail that the owners get.

On AWS a record of the read, as CloudTrail would write it, is held against the rules that are deployed; where
one matches, its function really runs. Nothing is read; LookupEvents finds the record all the same. On Google
Cloud the read is really tried, given out or refused, and its log entry is held against the alert policies;
the value is thrown away. Nothing is changed. --as tries another principal: a listed reader brings no mail.
Each run is a record of its own.

--through plants somebody in the AWS account who could read the key, for `keyplan audit gate` to find: by a
chain of roles, by the secret's own policy, or by a grant of its KMS key. A second run changes nothing, and
--remove takes them away again: all of them, or with --through the one.
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
from sandbox.clock.gcp.alerts import read_alerts
from sandbox.clock.gcp.client import GoogleClient
from sandbox.clock.gcp.reads import mails_about, read_as
from sandbox.clock.mails import Mail, render_one
from sandbox.clock.rules import matching_functions
from sandbox.outputs import read_manifest
from sandbox.planting import WAYS
from sandbox.project import find_project, one_at_a_time
from sandbox.report import say
from sandbox.server.client import ServerClient, aws_client
from sandbox.server.lifecycle import require_server
from sandbox.server.record import ServerRecord

PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9/+=,.@_-]{1,512}")
# `user:eve@example.com`: the ways in which IAM on Google Cloud names who may ask.
MEMBER = re.compile(r"(user|serviceAccount|principal):.*")
STRANGER = "user:somebody-else@example.com"
EXAMPLES = {"aws": "arn:aws:iam::123456789012:role/NAME", "gcp": "user:NAME@example.com"}
CLOUDS = {"aws": "AWS", "gcp": "Google Cloud"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox stranger`."""
    parser.add_argument("key", metavar="KEY", nargs="?", help="the key that is read (default: the first one)")
    parser.add_argument(
        "--as",
        dest="principal",
        metavar="WHO",
        help="who reads: the ARN of a role or user, or on Google Cloud user:…, serviceAccount:… or "
        "principal:… (default: somebody whom nobody listed, on each cloud)",
    )
    parser.add_argument(
        "--through", choices=WAYS, help="read nothing, but plant a stranger in the account who could"
    )
    parser.add_argument("--remove", action="store_true", help="take planted strangers away")


def run(arguments: argparse.Namespace) -> int:
    """Hold one read against the rules, and show what follows."""
    project = find_project(Path.cwd())
    with one_at_a_time(project):
        record = require_server(project)
        manifest = read_manifest(project)
        if manifest is None:
            raise UsageError("nothing is built in the sandbox yet", "python -m sandbox up")
        if arguments.through is not None or arguments.remove:
            _plant(record, manifest, arguments)
            return EXIT_DONE
        key = _key(manifest, arguments.key)
        clouds = [name for name in CLOUDS if name in manifest["clouds"]]
        if arguments.principal is not None:
            clouds = [_cloud_of(clouds, arguments.principal)]
        if "aws" in clouds:
            principal = _principal(manifest, arguments.principal)
            _read(record, manifest, key, principal, verbose=arguments.verbose)
        if len(clouds) > 1:
            say("")
        if "gcp" in clouds:
            _read_on_google(record, manifest, key, arguments.principal or STRANGER)
    return EXIT_DONE


def _plant(record: ServerRecord, manifest: dict[str, Any], arguments: argparse.Namespace) -> None:
    """Plant one stranger, or take strangers away, and say what to do next."""
    from sandbox.planting import Planting

    if arguments.principal is not None:
        raise UsageError("who is planted has a name of its own", "leave --as out")
    if arguments.remove and arguments.key is not None:
        raise UsageError("--remove takes strangers away from every key", "leave the key out")
    if "aws" not in manifest["clouds"]:
        raise UsageError("strangers are planted on AWS, and the environment is not there")
    region = manifest["clouds"]["aws"]["region"]
    planting = Planting(manifest, lambda service: aws_client(record, service, region))
    if not arguments.remove:
        say(planting.plant(_key(manifest, arguments.key), arguments.through))
        say("find it: keyplan audit collect --out a.json && keyplan audit gate --snapshot a.json")
        say("take it away: python -m sandbox stranger --remove")
        return
    gone = [way for way in WAYS if arguments.through in (None, way) and planting.remove(way)]
    say(f"gone: {', '.join(f'stranger-by-{way}' for way in gone)}" if gone else "nobody was planted")


def _key(manifest: dict[str, Any], wanted: str | None) -> str:
    names: list[str] = list(manifest["keys"])
    if not names:
        raise UsageError("the catalogue has no keys", "add one to Pulumi.sandbox.yaml")
    if wanted is None:
        return names[0]
    if wanted not in names:
        raise UsageError(f"there is no such key; there is {', '.join(names)}", "python -m sandbox status")
    return wanted


def _cloud_of(clouds: list[str], wanted: str) -> str:
    """Where this principal is one. Raises UsageError, also where the environment is not on that cloud."""
    cloud = "gcp" if MEMBER.fullmatch(wanted) else "aws" if wanted.startswith("arn:") else None
    if cloud in clouds:
        return cloud
    if cloud is not None:
        raise UsageError(f"the environment is not on {CLOUDS[cloud]}", f"--as {EXAMPLES[clouds[0]]}")
    if clouds == ["aws"]:
        return "aws"  # where everything else is refused with its own words
    arn = "the ARN of an IAM role or user, or by " if "aws" in clouds else ""
    raise UsageError(
        f"a reader is given by {arn}user:, serviceAccount: or principal: and a name",
        f"--as {EXAMPLES['gcp']}",
    )


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
    server.ask("trail", record=event["detail"])  # whoever looks for reads finds this one
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
    _show([Mail(0, event["time"], mail["to"], mail["subject"], mail["body"]) for mail in mails])


def _read_on_google(record: ServerRecord, manifest: dict[str, Any], key: str, member: str) -> None:
    from sandbox.gcp_server.access.identity import PREFIX, read_token

    sendable = member.isascii() and member.isprintable() and " " not in member
    if not sendable or read_token(PREFIX + member) is None:
        raise UsageError("this is no reader as IAM on Google Cloud names one", f"--as {EXAMPLES['gcp']}")
    client = GoogleClient(record)
    alerts = read_alerts(client, manifest["clouds"]["gcp"]["projectId"])
    read = read_as(client, manifest["keys"][key]["gcp"]["resource"], member)
    say(f"{member} reads {key}: " + ("it is given out" if read.refusal is None else read.refusal))
    for words in sorted(alerts.left_out):
        say(f"left out: {words}")
    if not read.entries:
        say("no log says so, since the project does not log reads: nobody hears of it")
        return
    mails = mails_about(alerts, read.entries)
    if not mails:
        say("no mail was sent: the catalogue lists that reader, or no policy watches")
    _show(mails)


def _show(mails: list[Mail]) -> None:
    """Each mail once, with everybody who gets it."""
    recipients: dict[tuple[str, str, str], list[str]] = {}
    for mail in mails:
        recipients.setdefault((mail.date, mail.subject, mail.body), []).append(mail.to)
    for (date, subject, body), to in recipients.items():
        say("", render_one(Mail(0, date, ", ".join(to), subject, body)))
