"""botocore's models of services, read once in a process.

Each session reads them from its disk anew, for a tenth of a second and more: a command opens a session or
two, and tests run hundreds in one process. Nobody changes what is read: clients of one session share it too.
"""

from __future__ import annotations

from typing import Any


def keep_models() -> None:
    """From now on let the sessions of this process that look in the same places share what they read."""
    import botocore.session
    from botocore import loaders

    kept: dict[str | None, dict[Any, Any]] = {}

    def create_loader(search_path_string: str | None = None) -> loaders.Loader:
        loader = loaders.create_loader(search_path_string)
        loader._cache = kept.setdefault(search_path_string, {})
        return loader

    botocore.session.create_loader = create_loader
