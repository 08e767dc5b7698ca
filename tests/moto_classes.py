"""moto with the sandbox's corrections for as long as a test needs them, and as it is installed otherwise.

The corrections replace methods of moto's classes, so what one test applies every later test of its process
would meet.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.cloudwatch.models import CloudWatchBackend
from moto.iam.models import IAMBackend, Policy
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.sns.models import Subscription

from sandbox.moto_patches import PATCHES

PATCHED: tuple[type, ...] = (
    CloudTrailResponse,
    CloudWatchBackend,
    FakeSecret,
    IAMBackend,
    Policy,
    SecretsManagerBackend,
    SecretsManagerResponse,
    Subscription,
)
# Taken when this module is imported, which is before any fixture runs.
INSTALLED: dict[type, dict[str, Any]] = {owner: dict(vars(owner)) for owner in PATCHED}


@contextmanager
def corrected_moto(names: Iterable[str] = PATCHES) -> Iterator[None]:
    """These corrections and no others; afterwards whatever was there before."""
    before = {owner: dict(vars(owner)) for owner in PATCHED}
    _set(INSTALLED)
    for name in names:
        importlib.import_module(f"sandbox.moto_patches.{name}").apply()
    try:
        yield
    finally:
        _set(before)


def _set(attributes_of: dict[type, dict[str, Any]]) -> None:
    for owner, attributes in attributes_of.items():
        for name in set(vars(owner)) - set(attributes):
            delattr(owner, name)
        for name, value in attributes.items():
            if vars(owner).get(name) is not value:
                setattr(owner, name, value)
