"""What Pulumi's own providers are told in a stack's configuration, where keyplan needs it: `aws:region` …

Each cloud's settings are required in an environment that is in that cloud, and checked wherever they stand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from keyplan.checks.fields import Node, Reader
from keyplan.checks.formats import region
from keyplan.checks.gcp_formats import location, project_id
from keyplan.checks.problems import Problems, Reported

AWS_REGION, GCP_PROJECT, GCP_REGION = "aws:region", "gcp:project", "gcp:region"
# By their names in a stack's file: the cloud that requires it, and how it is read.
SETTINGS: Mapping[str, tuple[str, Reader[str]]] = {
    AWS_REGION: ("aws", region),
    GCP_PROJECT: ("gcp", project_id),
    GCP_REGION: ("gcp", location),
}


def read_providers(
    values: Mapping[str, Any], clouds: object, problems: Problems, names: Collection[str] = tuple(SETTINGS)
) -> dict[str, str]:
    """The settings of the clouds' providers that are there and right; the others go to `problems`.

    Args:
        values: a stack's configuration by full name.
        clouds: the value of `keyplan:clouds`, right or wrong.
        names: which of SETTINGS to look at.
    """
    found = {}
    for name in names:
        cloud, read = SETTINGS[name]
        node = Node(values.get(name), (name,), problems)
        if node.value is None and cloud not in (clouds if isinstance(clouds, list) else []):
            continue
        try:
            found[name] = read(node)
        except Reported:
            continue
    return found
