"""The iam-role target: a role and variables, for a place that keyplan knows nothing about.

References, because every such place can set a variable, and not every one can start a program through
`keyplan exec`: an image of a batch job has no keyplan in it. The program reads by itself (docs/wiring.md), so
that no value is in the place's own configuration, which more people may read than the secret.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import keys_of, plain_of, references, role_of
from keyplan.wiring.syntax import json


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The role and the variables as JSON, from which the place's own form is made.

    Raises:
        UsageError: a variable that no process can have.
        ManifestError: the consumer has no role.
    """
    variables = plain_of(consumer) | references(consumer, keys_of(manifest, consumer))
    return json.render({"roleArn": role_of(consumer), "environment": variables})
