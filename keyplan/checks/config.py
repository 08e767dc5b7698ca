"""The catalogue from Pulumi's configuration, as the program gets it: text, and JSON for what has parts.

keyplan imports no pulumi: the caller passes `pulumi.Config("keyplan").get`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from keyplan.catalogue import Catalogue
from keyplan.checks.environment import read_catalogue
from keyplan.checks.environment_fields import DEFAULT_CLOUDS, FIELDS
from keyplan.checks.problems import ALREADY_REPORTED, Problems
from keyplan.checks.providers import GCP_PROJECT, GCP_REGION, read_providers
from keyplan.errors import CatalogueError

# Fields whose values have parts, and so arrive as JSON.
JSON_FIELDS = frozenset(
    {"clouds", "keys", "consumers", "env", "routes", "operators", "auditors", "gcp", "vendorEndpoints"}
    | {"claudeCode"}
)


def catalogue_from_config(
    get: Callable[[str], str | None],
    environment: str,
    region: str | None = None,
    names: Iterable[str] = (),
    gcp: Mapping[str, str | None] | None = None,
) -> Catalogue:
    """The catalogue of a stack.

    Args:
        get: a field's configuration as Pulumi hands it over, None where there is none.
        environment: the stack's name.
        region: the value of `aws:region`, for the checks that compare with it.
        names: every name that the configuration has, so that an unknown one is a mistake.
        gcp: the values of `gcp:project` and `gcp:region` by those names, None for one that is not there:
            an environment on gcp needs both. Without the argument they are not checked.

    Raises:
        CatalogueError: with every mistake.
    """
    problems = Problems()
    known = {field.name for field in FIELDS}
    values: dict[str, Any] = {name: get(name) for name in names if name not in known}
    for field in FIELDS:
        raw = get(field.name)
        if raw is not None:
            values[field.name] = _decode(field.name, raw, problems) if field.name in JSON_FIELDS else raw
    if gcp is not None:
        read_providers(gcp, values.get("clouds", DEFAULT_CLOUDS), problems, (GCP_PROJECT, GCP_REGION))
    catalogue = read_catalogue(values, environment, problems, region)
    if catalogue is None:
        raise CatalogueError(environment, problems.all())
    return catalogue


def _decode(name: str, raw: str, problems: Problems) -> Any:
    if raw == "":
        return raw
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        # The decoder's own words quote the text.
        problems.add((name,), "text that is not JSON", "a list or a mapping in the stack's file")
        return ALREADY_REPORTED
