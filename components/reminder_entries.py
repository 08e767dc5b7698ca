"""A key as every cloud's reminder describes it in its settings.json. Pure; functions/ages.py reads it."""

from __future__ import annotations

from typing import Any

from keyplan.catalogue import Catalogue, Key
from keyplan.names import vendor_key_is_for, vendor_key_name
from keyplan.vendors import vendor_named

DAY_SECONDS = 86_400


def due_at_days(key: Key) -> float:
    """From which age of its value a key counts as due soon."""
    return (key.rotate_every.seconds - key.remind_before.seconds) / DAY_SECONDS


def overdue_at_days(key: Key) -> float:
    """From which age of its value a key is overdue."""
    return key.rotate_every.seconds / DAY_SECONDS


def rule_entry(
    catalogue: Catalogue, key: Key, recipient: str, secret: str, secret_name: str
) -> dict[str, Any]:
    """One entry of `keys`.

    Args:
        recipient: where messages to the key's owner go.
        secret: what the store is asked for.
        secret_name: what people call the secret there.
    """
    consumers = catalogue.readers_of(key.name)
    named_after = vendor_key_is_for(key.name, [consumer.name for consumer in consumers])
    return {
        "name": key.name,
        "owner": key.owner,
        "recipient": recipient,
        "vendor": key.vendor,
        "secret": secret,
        "secretName": secret_name,
        "consumers": [f"{consumer.name} ({consumer.runtime.value})" for consumer in consumers],
        "suggestedName": vendor_key_name(catalogue.environment, named_after),
        "createdAt": vendor_named(key.vendor).KEYS_PAGE or "where this vendor's keys are made",
        "rotateEvery": str(key.rotate_every),
        "grace": str(key.grace),
        "dueAtDays": due_at_days(key),
        "overdueAtDays": overdue_at_days(key),
    }
