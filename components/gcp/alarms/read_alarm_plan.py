"""Which reads set off the read alarm, as filters over the Data Access log, packed into few policies. Pure.

A read is somebody's call of AccessSecretVersion on one of the environment's secrets, given out or refused. A
policy has one filter and one list of addresses: keys with the same owner share policies, keys with the same
readers share a term of the filter, and a filter that would be too long is continued in the next policy.

Sources: Secret Manager, "Secret Manager audit logging" (AccessSecretVersion is DATA_READ); Cloud Audit Logs,
AuthenticationInfo (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from components.gcp.alarms.log_filter import AUDIT_LOG, both, either, equals, like, one_of, quoted
from components.gcp.alarms.reminder_plan import LogPolicy
from components.gcp.members import Signature
from components.gcp.plans import GcpPlan
from components.gcp.project import Project
from components.gcp.quotas import ALERT_FILTER_CHARACTERS, require_room
from components.gcp.slugs import slug
from keyplan.catalogue import Catalogue, Key, in_lasting_order

SERVICE = "secretmanager.googleapis.com"
METHOD = "AccessSecretVersion"
AUTHENTICATION = "protoPayload.authenticationInfo"
# As on AWS: at most one message an hour about the same caller and secret.
RATE_LIMIT_SECONDS = 3_600


@dataclass(frozen=True)
class _Group:
    """Secrets of one owner that the same principals may read."""

    readers: Signature
    secret_ids: tuple[str, ...]


def read_policies(catalogue: Catalogue, project: Project, plan: GcpPlan) -> list[LogPolicy]:
    """The policies of an environment, by owner.

    Raises:
        GoogleQuotaExceeded: the readers of one key are too many for one filter.
    """
    policies: list[LogPolicy] = []
    for owner in sorted({key.owner for key in catalogue.keys.values()}):
        keys = in_lasting_order(key for key in catalogue.keys.values() if key.owner == owner)
        filters = pack_filters(project, _groups(keys, plan))
        for number, text in enumerate(filters, start=1):
            policies.append(_policy(catalogue, project, owner, number, text))
    return policies


def _groups(keys: Iterable[Key], plan: GcpPlan) -> list[_Group]:
    found: dict[Signature, list[str]] = {}
    for key in keys:
        found.setdefault(_listed(plan, key), []).append(key.gcp_secret_id)
    return [_Group(readers, tuple(ids)) for readers, ids in found.items()]


def _listed(plan: GcpPlan, key: Key) -> Signature:
    """Everybody whose reads of this key are expected, as the log names them."""
    readers = [reader.signature for reader in plan.readers.values() if key.name in reader.consumer.keys]
    return Signature(
        emails=tuple(sorted({email for reader in readers for email in reader.emails})),
        subjects=tuple(sorted({subject for reader in readers for subject in reader.subjects})),
    )


def pack_filters(project: Project, groups: Iterable[_Group]) -> list[str]:
    """Filters that together find every unlisted read, each as full as its limit allows.

    Raises:
        GoogleQuotaExceeded: one secret with its readers does not fit.
    """
    base = _base(project)
    filters: list[str] = []
    terms: list[str] = []
    for group in groups:
        waiting = list(group.secret_ids)
        while waiting:
            room = _fitting(base, terms, group.readers, waiting)
            if room:
                terms.append(_term(group.readers, waiting[:room]))
                del waiting[:room]
            elif terms:
                filters.append(_filter(base, terms))
                terms = []
            else:
                require_room(
                    len(_filter(base, [_term(group.readers, waiting[:1])])),
                    ALERT_FILTER_CHARACTERS,
                    "characters of filter",
                    f"the read alarm of the secret `{waiting[0]}`",
                    "let fewer consumers read its key, or put people into a group",
                )
    return [*filters, _filter(base, terms)] if terms else filters


def _fitting(base: str, terms: list[str], readers: Signature, waiting: list[str]) -> int:
    """How many of the waiting secrets fit into the filter beside its terms."""
    low, high = 0, len(waiting)
    while low < high:
        middle = (low + high + 1) // 2
        text = _filter(base, [*terms, _term(readers, waiting[:middle])])
        low, high = (middle, high) if len(text) <= ALERT_FILTER_CHARACTERS else (low, middle - 1)
    return low


def _base(project: Project) -> str:
    return both(
        [
            equals("logName", f"projects/{project.project_id}/logs/{AUDIT_LOG}"),
            equals("protoPayload.serviceName", SERVICE),
            # The method's name ends so in every version of the API.
            f"protoPayload.methodName:{quoted(METHOD)}",
        ]
    )


def _filter(base: str, terms: list[str]) -> str:
    return both([base, either(terms)])


def _term(readers: Signature, secret_ids: list[str]) -> str:
    """Reads of these secrets by nobody of the listed."""
    # Ids are letters, digits, `-` and `_`: nothing in them means anything to a regular expression.
    names = secret_ids[0] if len(secret_ids) == 1 else f"({'|'.join(secret_ids)})"
    read = like("protoPayload.resourceName", f"/secrets/{names}/versions/")
    listed = []
    if readers.emails:
        listed.append(one_of(f"{AUTHENTICATION}.principalEmail", readers.emails))
    if readers.subjects:
        regex = readers.subjects[0] if len(readers.subjects) == 1 else f"({'|'.join(readers.subjects)})"
        listed.append(like(f"{AUTHENTICATION}.principalSubject", regex))
    return f"({read} AND NOT {either(listed)})" if listed else read


def _policy(catalogue: Catalogue, project: Project, owner: str, number: int, text: str) -> LogPolicy:
    environment = catalogue.environment
    last = "" if number == 1 else f"-{number}"
    return LogPolicy(
        slug=f"{slug(owner)}{last}",
        name=f"{environment}-keyplan-read-alarm{last}: {owner}",
        filter=text,
        subject=f"{environment}: somebody who is not listed read ${{log.extracted_label.secret}}",
        content=_content(environment, project),
        extractors={
            "secret": 'REGEXP_EXTRACT(protoPayload.resourceName, "secrets/([^/]+)/")',
            "email": f"EXTRACT({AUTHENTICATION}.principalEmail)",
            "subject": f"EXTRACT({AUTHENTICATION}.principalSubject)",
            "address": "EXTRACT(protoPayload.requestMetadata.callerIp)",
        },
        recipients=tuple(dict.fromkeys((owner, catalogue.owner))),
        rate_limit_seconds=RATE_LIMIT_SECONDS,
    )


def _content(environment: str, project: Project) -> str:
    query = f"protoPayload.methodName:{METHOD}"
    command = f"gcloud logging read '{query}' --project {project.project_id} --freshness 1d"
    return "\n\n".join(
        [
            f"Somebody who is not a listed reader read a secret of {environment}, or tried to.",
            "Secret: ${log.extracted_label.secret}. Who: ${log.extracted_label.email} "
            "${log.extracted_label.subject}. From: ${log.extracted_label.address}.",
            "If nobody expected this, end the key at once with `keyplan revoke KEY --leaked`, and give its "
            "readers a new one with `keyplan rotate KEY`. If it was expected, list the reader in the "
            "catalogue.",
            f"The record of it: `{command}`.",
        ]
    )
