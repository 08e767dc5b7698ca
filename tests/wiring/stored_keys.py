"""Keys with a value in an emulated Secrets Manager, and the manifest that finds them there."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache
from typing import Any

import boto3

from keyplan.manifest.model import Manifest
from tests.wiring.conftest import REGION


@cache
def secrets_manager(endpoint: str) -> Any:
    """A client of the emulator; making one takes a quarter of a second."""
    return boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def store_text(manifest: Manifest, endpoint: str, text: str | None, key: str = "anthropic") -> Manifest:
    """The manifest whose key is a new secret that holds a text; None makes one that holds nothing."""
    name = f"{os.urandom(6).hex()}/{key}-api-key"
    client, entry = secrets_manager(endpoint), manifest.keys[key]
    arn = client.create_secret(Name=name)["ARN"]
    if text is not None:
        client.put_secret_value(SecretId=arn, SecretString=text)
    changed = replace(entry, aws=replace(entry.on_aws(), name=name, arn=arn))
    return replace(manifest, keys={**manifest.keys, key: changed})


def store_value(manifest: Manifest, endpoint: str, value: str | None, key: str = "anthropic") -> Manifest:
    """The same with a value, stored as keyplan stores it."""
    text = None if value is None else json.dumps({manifest.keys[key].env_var: value})
    return store_text(manifest, endpoint, text, key)
