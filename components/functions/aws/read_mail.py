"""The words of a read alarm. Pure: a read in, mails out."""

from __future__ import annotations

from ..text import table
from .mail import Mail, mail
from .read_events import Read


def read_mails(environment: str, owner_topic: str, read: Read, unsaid: int) -> list[Mail]:
    """One message to the key's owner and one to the environment's, or one where both are the same.

    Args:
        environment: the environment's name.
        owner_topic: ARN of the environment's owner's topic.
        read: a call by somebody who is not listed.
        unsaid: how many such calls there were since the last message about the same caller and key.
    """
    did = "tried to read" if read.denied else "read"
    subject = f"{environment}: somebody who is not listed {did} the key {read.key.name}"
    body = "\n".join(
        [
            f"Somebody who is not a listed reader {did} the key {read.key.name} in {environment}.",
            "",
            table(_facts(environment, read, unsaid)),
            "",
            *(_denied_steps(read) if read.denied else _steps(environment, read)),
            "",
            "The record of this call, in CloudTrail's event history:",
            f"  aws cloudtrail lookup-events --region {read.region} \\",
            f"    --lookup-attributes AttributeKey=EventId,AttributeValue={read.event_id}",
        ]
    )
    topics = dict.fromkeys([read.key.owner_topic, owner_topic])
    return [mail(topic, subject, body + "\n") for topic in topics]


def _facts(environment: str, read: Read, unsaid: int) -> list[tuple[str, str]]:
    rows = [
        ("Environment", environment),
        ("Key", read.key.name),
        ("Owner", read.key.owner),
        ("Who", read.caller.description),
        ("When", f"{read.at:%Y-%m-%d %H:%M:%S} UTC"),
        ("From", f"{read.source_address}, with {read.user_agent}"),
        ("Outcome", f"refused ({read.error_code})" if read.denied else "allowed: the value was given out"),
    ]
    if unsaid:
        rows.append(("Also", f"{unsaid} more of the same since the last message"))
    return rows


def _steps(environment: str, read: Read) -> list[str]:
    return [
        "If you expected it:",
        f"  add the caller as a consumer in Pulumi.{environment}.yaml, then run pulumi up",
        "If you did not, the value is known to somebody else:",
        f"  1. End it now: keyplan revoke {read.key.name} --leaked",
        "     It ends the key at the vendor, takes it from its readers, and writes down who read it.",
        f"  2. Create a new one and give it to them: keyplan rotate {read.key.name}",
        "  3. Take away the permission that let the caller read.",
    ]


def _denied_steps(read: Read) -> list[str]:
    return [
        "The value was not given out. If the caller should be able to read it, add it as a consumer in the",
        f"catalogue. If not, ask who uses it and why it looks for {read.key.name}.",
    ]
