"""What GitLab's runner reads from Google Cloud: a version of each key, as the job itself.

Source: GitLab Docs, "Use GCP Secret Manager secrets in GitLab CI/CD" (the three variables, `aud`, `token`);
Ci::Secrets::Integration and BuildRunnerPresenter of GitLab, which take the three from the job's variables;
checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.gitlab_reading import FILE_NOTE, IDENTITY, ROTATION_NOTE, Reading
from keyplan.wiring.ci.routes import gcp_credentials
from keyplan.wiring.ci.script import exchange_url
from keyplan.wiring.consumers import admission
from keyplan.wiring.gcp.reader import KeyVersion, provider_of, versions_of
from keyplan.wiring.syntax.yaml import Node, Noted, Verbatim

PROJECT_NUMBER = "GCP_PROJECT_NUMBER"
POOL = "GCP_WORKLOAD_IDENTITY_FEDERATION_POOL_ID"
PROVIDER = "GCP_WORKLOAD_IDENTITY_FEDERATION_PROVIDER_ID"
_RULES_NOTE = """\
Only what the provider's condition accepts, and never a merge request: the condition refuses its token.
Protect these branches and tags, so that not everybody can push to them."""
_PINNED = "Pinned: after `keyplan put`, name the new version here."


def reading(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> Reading:
    """The variables that the runner looks for, and the secrets.

    Raises:
        ManifestError: no provider, or a key that the manifest lacks.
    """
    provider = provider_of(consumer)
    return Reading(
        proof=f"the job proves who it is, and {admission(consumer)}",
        rules_note=_RULES_NOTE,
        audience=provider.audience,
        variables={
            PROJECT_NUMBER: provider.project_number,
            POOL: provider.pool,
            PROVIDER: provider.provider,
        },
        secrets={version.env_var: _secret(version) for version in versions_of(manifest, consumer, pins)},
    )


def become(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """Lines that make the job's token Google's default credentials, for a program that calls models."""
    return gcp_credentials(provider_of(consumer).name, exchange_url(manifest), IDENTITY)


def _secret(version: KeyVersion) -> Node:
    place: Node = {
        "name": version.secret,
        "version": Noted(_PINNED if version.is_pinned else ROTATION_NOTE, version.version),
    }
    return {
        "gcp_secret_manager": place,
        "token": Verbatim(f"${IDENTITY}"),
        "file": Noted(FILE_NOTE, False),
    }
