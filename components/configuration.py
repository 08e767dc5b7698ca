"""The stack's configuration as a catalogue, and failures as words instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pulumi

from keyplan.catalogue import Catalogue
from keyplan.checks.config import catalogue_from_config
from keyplan.errors import KeyplanError


def read_catalogue() -> Catalogue:
    """The catalogue of the selected stack.

    Raises:
        CatalogueError: with every mistake of the configuration at once.
    """
    return catalogue_from_config(
        pulumi.Config("keyplan").get, pulumi.get_stack(), pulumi.Config("aws").get("region")
    )


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turn keyplan's own failures into what Pulumi prints without a traceback, the hint on its own line."""
    try:
        yield
    except KeyplanError as error:
        hint = "" if error.hint is None else f"\n  try: {error.hint}"
        raise pulumi.RunError(error.message + hint) from error
