"""From configuration to a Catalogue, or to every mistake of it at once.

`parse_catalogue` takes the values of an environment; `config` takes them as Pulumi hands them to the
program, `files` reads them from the project's own files, with line numbers. Nothing here talks to a cloud.

    pasted, walk      what looks like a key is refused first, and never shown
    fields, formats   readers of single values, which report and go on
    keys, vendors, services, ci, consumers, environment_fields, environment
                      the fields of each part, and what one part has to say about itself
    relations         what has to be true between parts
    yaml_text, project, files, config
                      where the values come from
    reference         docs/catalogue.md's tables, made of the same fields
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyplan.catalogue import Catalogue
from keyplan.checks.environment import read_catalogue
from keyplan.checks.problems import Locate, Location, Problems
from keyplan.errors import CatalogueError
from keyplan.problem import Problem

__all__ = ["CatalogueError", "Locate", "Location", "Problem", "parse_catalogue"]


def parse_catalogue(
    values: Mapping[str, Any], environment: str, locate: Locate | None = None, region: str | None = None
) -> Catalogue:
    """The catalogue that `values` describe.

    Args:
        values: the project's configuration by field name without namespace (docs/catalogue.md), as YAML or
            JSON reads it; top-level booleans may also be text, as Pulumi hands them over.
        environment: the stack's name.
        locate: where a path of `values` stands in a file; None where that is not known.
        region: the value of `aws:region`, where it is known, for checks that compare with it.

    Raises:
        CatalogueError: with every mistake; no message holds anything that looks like a key.
    """
    problems = Problems(locate)
    catalogue = read_catalogue(values, environment, problems, region)
    if catalogue is None:
        raise CatalogueError(environment, problems.all())
    return catalogue
