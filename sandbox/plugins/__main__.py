"""`python -m sandbox.plugins NAME … ENGINE`: the plugin of that name, as the launchers on PATH start it."""

from __future__ import annotations

import os
import sys

# Asked before anything is imported: who started this may be gone by the time that everything is.
STARTED_BY = os.getppid()


def main(arguments: list[str]) -> None:
    """Serve the plugin. Args: its name, options of the engine's, the engine's address."""
    from sandbox.protocol import leave_the_sdk_out

    leave_the_sdk_out()
    from sandbox.plugins.serving import serve

    name, engine = arguments[0], arguments[-1]
    if name == "python":
        from sandbox.plugins.language import register_language_host

        serve(lambda server: register_language_host(server, engine), STARTED_BY)
    else:
        from sandbox.plugins.provider import register_provider

        serve(lambda server: register_provider(server, name), STARTED_BY)


if __name__ == "__main__":
    main(sys.argv[1:])
