"""The provider behind the sandbox: it really makes, reads, changes and deletes each resource in moto.

`Provider` is the whole interface. It is called by the small engine in `sandbox.builtin`, and can be served
over gRPC to the real one.
"""

from __future__ import annotations

from sandbox.provider.errors import MissingError, ProviderError
from sandbox.provider.provider import Checked, Difference, Provider, State
from sandbox.provider.values import UNKNOWN

__all__ = ["UNKNOWN", "Checked", "Difference", "MissingError", "Provider", "ProviderError", "State"]
