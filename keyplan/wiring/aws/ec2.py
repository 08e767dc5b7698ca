"""The EC2 target: a drop-in with which systemd starts a program through `keyplan exec`.

The instance profile's role reads when the service starts. EnvironmentFile= would need a file with values on
the disk, and a systemd credential a copy of it that no rotation reaches.
Source: EC2 User Guide, "IAM roles for Amazon EC2" (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import role_of
from keyplan.wiring.systemd_service import drop_in


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The drop-in.

    Raises:
        UsageError: a plain variable that no process can have.
        ManifestError: the consumer has no role, or a name that no command line can hold as it is.
    """
    place = [
        f"Keys of {consumer.name} in {manifest.environment}, for a service on an EC2 instance that has",
        role_of(consumer),
        "as its instance profile.",
    ]
    return drop_in(manifest, consumer, place)
