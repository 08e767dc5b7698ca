"""What a script needs to know of one CI's secret store."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyplan.errors import ManifestError
from keyplan.manifest.model import ManifestConsumer
from keyplan.wiring.consumers import text_setting


@dataclass(frozen=True)
class Store:
    """`define` defines `store`, a function of bash whose arguments are names of variables with values."""

    place: str  # where the values end up, for the script's first line
    readers: str  # who can read them there
    use: str  # how a job gets them
    needs: str  # which program or token the person who runs the script has to have
    define: str  # lines of bash
    together: bool = False  # whether `store` takes all names at once, and not one


def required(consumer: ManifestConsumer, name: str) -> str:
    """A setting that the store cannot be found without.

    Raises:
        ManifestError: the manifest lacks it.
    """
    value = text_setting(consumer, name)
    if value is None:
        raise ManifestError(f"consumers.{consumer.name}.settings.{name}: expected one line of text")
    return value


def constant_name(*parts: str) -> str:
    """`prod`, `chat-api` -> `PROD_CHAT_API`: for a store whose names are letters, digits and `_`."""
    return "_".join(re.sub(r"[^A-Za-z0-9]+", "_", part).strip("_").upper() for part in parts)
