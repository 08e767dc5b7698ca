"""Places that could hold a value and get none: why not, and which target to take instead.

They are no targets: nobody gets a text for them. Somebody who asks for one by name deserves the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from keyplan.errors import UsageError

# Source: Docker, "Build secrets" (docs.docker.com/build/building/secrets, checked 2026-11-21): arguments of a
# build and environment variables stay in the image.
_IMAGE = (
    "everybody who can pull a container image has what is in its layers, for ever; "
    "a container gets its keys when it starts"
)
_APP = (
    "everybody who installs an app has what is in it; "
    "the app calls a server of yours, and that server holds the key"
)
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        # Source: Kubernetes, "Secrets" (caution: Base64 is no encryption, by default etcd has none either).
        "kubernetes-secret": (
            "a Kubernetes Secret in a manifest holds the value in Base64, "
            "which everybody who has the file can read, and no rotation reaches it"
        ),
        "container-image": _IMAGE,
        "dockerfile": _IMAGE,
        "browser-bundle": (
            "everybody who opens the page has what is in its scripts; "
            "the page calls a server of yours, and that server holds the key"
        ),
        "mobile-app": _APP,
        "desktop-app": _APP,
    }
)
# In the order of preference: a pod's own file first, then the Secret that an operator keeps up to date.
_PODS = ("eks", "gke", "eks-external-secrets", "gke-external-secrets")
INSTEAD: Mapping[str, tuple[str, ...]] = MappingProxyType({"kubernetes-secret": _PODS})


def refusal(target: str, consumer: str, fitting: tuple[str, ...]) -> UsageError:
    """The error for a name of `REFUSED`: the reason, and the command for what fits the consumer."""
    better = [name for name in (*INSTEAD.get(target, ()), *fitting) if name in fitting]
    instead = f"; instead: {', '.join(dict.fromkeys(better))}" if better else "; no target fits it yet"
    hint = f"keyplan wire {better[0]} {consumer}" if better else "keyplan wire --list"
    return UsageError(REFUSED[target] + instead, hint)
