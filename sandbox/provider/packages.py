"""The clouds that the provider serves, by the name that begins their types' tokens: `aws`, `gcp`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.provider import aws, gcp
from sandbox.provider.aws import failures as aws_failures
from sandbox.provider.cloud import Cloud
from sandbox.provider.errors import ProviderError
from sandbox.provider.gcp import failures as gcp_failures
from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.handler import ResourceType

AWS = "aws"
GCP = "gcp"


@dataclass(frozen=True)
class Package:
    """One cloud: its types, how it is reached, and what its errors mean."""

    handlers: Mapping[str, ResourceType[Any]]
    connect: Callable[[Mapping[str, Any]], Any]
    """From the provider's settings. Raises: ProviderError naming the setting."""
    explain: Callable[[str, Exception], ProviderError | None]
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held during an operation. moto keeps its resources in dictionaries and walks through them without a
    lock: while two calls are under way, one of them can fail ("dictionary changed size during iteration",
    500). Google's policies are read, changed and written back. The emulators compute in one thread at a time
    anyway, so that asking one thing at a time costs nothing."""


PACKAGES: Mapping[str, Package] = {
    AWS: Package(aws.HANDLERS, Cloud, aws_failures.explain),
    GCP: Package(gcp.HANDLERS, GoogleCloud, gcp_failures.explain),
}


def package_of(token: str) -> str:
    """`aws:iam/role:Role` -> `aws`."""
    return token.partition(":")[0]
