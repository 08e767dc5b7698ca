"""Where moto differs from AWS in a way that changes what keyplan means, it is corrected here.

One module a correction; its docstring names the AWS behaviour that it restores and where that is
documented. Each replaces methods of moto's classes in the server's process and is applied once, before the
first request. What is left out on purpose: differences that no command and no component depends on.
"""

from __future__ import annotations

import importlib
from typing import Any

PATCHES = (
    "version_labels",
    "stage_moves",
    "label_quota",
    "request_tokens",
    "version_list",
    "access_dates",
    "missing_labels",
    "pending_deletion",
    "mail_delivery",
    "alarm_states",
    "trail_events",
    "aws_policies",
)


def apply_all() -> None:
    """Apply every correction; call once, in a process that serves moto."""
    for name in PATCHES:
        importlib.import_module(f"{__name__}.{name}").apply()


def replace(owner: type, name: str, replacement: Any) -> Any:
    """Put `replacement` in place of a class's attribute and return what was there.

    Raises AttributeError when there is none: a newer moto has changed, and the correction would do nothing.
    """
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    return original
