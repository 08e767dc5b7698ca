"""The stack's configuration as a catalogue, and failures as words instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pulumi
from pulumi.runtime.config import CONFIG

from keyplan.catalogue import Catalogue
from keyplan.checks.config import catalogue_from_config
from keyplan.errors import KeyplanError


def read_catalogue() -> Catalogue:
    """The catalogue of the selected stack.

    Raises:
        CatalogueError: with every mistake of the configuration at once.
    """
    config = pulumi.Config("keyplan")
    prefix = f"{config.name}:"
    # pulumi.Config can look a name up and not list them; a misspelled field would be left out in silence.
    names = [name.removeprefix(prefix) for name in CONFIG.get() if name.startswith(prefix)]
    gcp = pulumi.Config("gcp")
    return catalogue_from_config(
        config.get,
        pulumi.get_stack(),
        pulumi.Config("aws").get("region"),
        sorted(names),
        {f"gcp:{name}": gcp.get(name) for name in ("project", "region")},
    )


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turn keyplan's own failures into what Pulumi prints without a traceback, the hint on its own line."""
    try:
        yield
    except KeyplanError as error:
        hint = "" if error.hint is None else f"\n  try: {error.hint}"
        raise pulumi.RunError(error.message + hint) from error
