"""The systemd target: a drop-in for a service on any host, as the ec2 target has it for one on EC2.

The host's own credentials in the cloud read; what a host without any can do is in docs/wiring-local.md.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.systemd_service import COMMAND, MANIFESTS, drop_in


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The drop-in.

    Raises:
        UsageError, ManifestError: as `drop_in`.
    """
    place = [f"Keys of {consumer.name} in {manifest.environment}, for a service of systemd on any host."]
    if consumer.keys:
        file = f"{MANIFESTS}/{manifest.environment}.json"
        place = [
            f"{place[0]} Its user needs",
            "credentials in the cloud that read them; whether it has them shows, as that user:",
            f"  {COMMAND} exec --manifest {file} --consumer {consumer.name} -- true",
            "",
        ]
    return drop_in(manifest, consumer, place)
