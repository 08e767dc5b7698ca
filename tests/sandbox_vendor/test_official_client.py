"""The vendor's own Python client talks to the sandbox's vendor, where it is installed (`anthropic`).

It is no dependency: test_vendor_administration.py holds the answers against its types without it.
"""

from __future__ import annotations

import pytest

from sandbox.vendor_server import CreatedKey, Fault, VendorServer, VendorWorld

anthropic = pytest.importorskip("anthropic", minversion="2.0")


def test_the_official_client_gets_along(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    names = {f"key-{number}" for number in range(3)}
    for name in names:
        world.create_key(name)
    client = anthropic.Anthropic(api_key=key.value, base_url=server.url, max_retries=0)
    owner = anthropic.Anthropic(api_key=admin.value, base_url=server.url, max_retries=0)
    assert next(iter(client.models.list())).lifecycle == "active"
    client.messages.create(
        model="claude-sonnet-4-6", max_tokens=8, messages=[{"role": "user", "content": "hello"}]
    )
    listed = {one.name: one for one in owner.organization.api_keys.list(limit=2)}
    assert set(listed) == names | {key.key.name}
    assert listed[key.key.name].scope.type == "workspace"
    ended = owner.organization.api_keys.update(key.key.id, status="inactive")
    assert ended.status == "inactive"
    with pytest.raises(anthropic.AuthenticationError):
        client.models.list()
    world.faults.add(Fault.throttled(1), Fault.overloaded())
    for failure in (anthropic.RateLimitError, anthropic.OverloadedError):
        with pytest.raises(failure):
            owner.organization.retrieve()
