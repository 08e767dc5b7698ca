"""The labels and annotations of what keyplan makes on Google Cloud. Pure.

Labels have a small alphabet: an owner's address, a key's name with its rules and everything for reading are
annotations, which only secrets have.
"""

from __future__ import annotations

from keyplan.catalogue import Key
from keyplan.errors import UsageError
from keyplan.names import LABEL_VALUE

MANAGED_BY = "keyplan"
ENVIRONMENT_LABEL = "environment"
URL_ANNOTATION = "keyplan-url"  # keyplan.stores.gcp_annotations reads it: a value goes to no other address


def labels(environment: str, vendor: str | None = None) -> dict[str, str]:
    """The labels of one resource: `environment`, `managed-by` and, for a key's own, `vendor`.

    Raises:
        UsageError: a name has characters that no label holds, as capitals.
    """
    found = {ENVIRONMENT_LABEL: environment, "managed-by": MANAGED_BY}
    if vendor is not None:
        found["vendor"] = vendor
    for label, value in found.items():
        if not LABEL_VALUE.fullmatch(value):
            raise UsageError(
                f"the label `{label}` of Google Cloud would be `{value}`, and a label holds at most 63 "
                "lower-case letters, digits, `-` and `_`",
                f"rename it to `{_as_label(value)}`",
            )
    return found


def secret_annotations(key: Key) -> dict[str, str]:
    """The annotations of a key's secret that Pulumi keeps: whose it is, when its value has to change, and the
    address that it is sent to, where it has one.

    `keyplan put` adds its own beside them; the provider leaves those alone.
    """
    return {
        "owner": key.owner,
        "env-var": key.env_var,
        "rotate-every": str(key.rotate_every),
        "remind-before": str(key.remind_before),
        "grace": str(key.grace),
        **({} if key.url is None else {URL_ANNOTATION: key.url}),
    }


def _as_label(value: str) -> str:
    return "".join(
        character if LABEL_VALUE.fullmatch(character) else "-" for character in value.lower()
    ).strip("-")[:63]
