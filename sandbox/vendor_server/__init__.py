"""A vendor of keys on this machine: it speaks the documented part of Anthropic's API that keyplan uses.

Owns an organization with its keys and their use (`VendorWorld`), the answers and errors in the vendor's
shapes, faults on demand, and a server in a thread (`serve`). Leaves out models: a message is answered with a
fixed sentence. It imports nothing of the rest of the sandbox, so that tests use it alone.

    world = VendorWorld()
    created = world.create_key("prod-chat-api-key-20261121")    # created.value is shown this once
    with serve(world) as server:
        ...                                                     # server.url, server.gateway_url
        world.faults.add(Fault.throttled(retry_after_seconds=1))
        world.requests[-1].path
"""

from sandbox.vendor_server.faults import Cut, Fault, Faults
from sandbox.vendor_server.keys import CreatedKey, Kind, VendorKey
from sandbox.vendor_server.requests import SeenRequest
from sandbox.vendor_server.serving import VendorServer, serve
from sandbox.vendor_server.world import VendorWorld

__all__ = [
    "CreatedKey",
    "Cut",
    "Fault",
    "Faults",
    "Kind",
    "SeenRequest",
    "VendorKey",
    "VendorServer",
    "VendorWorld",
    "serve",
]
