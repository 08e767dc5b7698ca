"""The shapes of text that only Google Cloud has: projects, regions, keys, service accounts, members."""

from __future__ import annotations

import re

from keyplan.checks.fields import Node, Reader, text

# Source: Resource Manager, "Creating and managing projects" (checked 2026-11-21). Ids that belong to a domain
# (`example.com:name`), which can't be made any more, are left out: service accounts spell them differently.
_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_LOCATION = r"[a-z]+(?:-[a-z]+)+[1-9][0-9]?"
_MAILBOX = r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
_SERVICE_ACCOUNT = rf"[a-z][a-z0-9-]{{4,28}}[a-z0-9]@{_PROJECT}\.iam\.gserviceaccount\.com"
_EVERYBODY = ("allUsers", "allAuthenticatedUsers")
# Accounts that everything in a project runs as unless it is told otherwise: all of it could read.
_SHARED_ACCOUNTS = re.compile(
    r"[0-9]+-compute@developer\.gserviceaccount\.com|[0-9]+@cloudbuild\.gserviceaccount\.com"
    r"|.+@appspot\.gserviceaccount\.com"
)

project_id: Reader[str] = text(
    _PROJECT,
    "the id of a Google Cloud project, as in `example-prod`, not its name and not its number; "
    "`gcloud projects list` shows it",
    lambda given: re.sub(r"^projects/", "", given.strip()).lower(),
)

location: Reader[str] = text(
    _LOCATION,
    "a Google Cloud region, as in `europe-west1`",
    lambda given: re.sub(r"(?<=[0-9])-[a-z]$", "", given.strip().lower().replace("_", "-")),
    32,
)

kms_key: Reader[str] = text(
    rf"projects/{_PROJECT}/locations/(?:global|{_LOCATION})"
    r"/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}",
    "the full name of a Cloud KMS key, as in "
    "`projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY`",
    lambda given: re.sub(
        r"^(?:https?:)?//cloudkms\.googleapis\.com/(?:v1/)?|/cryptoKeyVersions/[0-9]+$", "", given
    ),
)


def service_account(node: Node) -> str:
    """The address of a service account that somebody made for a purpose."""
    if isinstance(node.value, str) and _SHARED_ACCOUNTS.fullmatch(node.value.removeprefix("serviceAccount:")):
        raise node.reject(
            "a service account of this consumer's own: with the project's default one, everything that runs "
            "as it could read the keys"
        )
    return text(
        _SERVICE_ACCOUNT,
        "the address of a service account, as in `NAME@PROJECT.iam.gserviceaccount.com`",
        lambda given: given.strip().removeprefix("serviceAccount:"),
        254,
    )(node)


def _member(kinds: tuple[str, ...], example: str) -> Reader[str]:
    """An IAM member of one of these kinds; never one that is everybody."""
    forms = [rf"{kind}:{_SERVICE_ACCOUNT if kind == 'serviceAccount' else _MAILBOX}" for kind in kinds]
    spelled = [f"`{kind}:ADDRESS`" for kind in kinds]
    words = f"{', '.join(spelled[:-1])} or {spelled[-1]}"
    read_form = text(
        "|".join(forms),
        f"{words}, as in `{example}`",
        lambda given: given if ":" in given else f"{kinds[0]}:{given.strip()}",
        300,
    )

    def read(node: Node) -> str:
        if node.value in _EVERYBODY:
            raise node.reject(f"{words}: this would be everybody")
        return read_form(node)

    return read


person: Reader[str] = _member(("group", "user"), "group:ml@example.com")
administrator: Reader[str] = _member(("group", "user", "serviceAccount"), "group:on-call@example.com")
