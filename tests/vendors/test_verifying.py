"""What `keyplan verify` finds: of each stored value, in every store, at every stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from keyplan.cli.verify import exit_code
from keyplan.errors import AccessDenied, KeyplanError, SecretMissing, Unreachable, ValueMissing, ValueRevoked
from keyplan.manifest.model import ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.stores.base import SecretState, Stage
from keyplan.stores.labels import VersionLabel
from keyplan.verifying.asking import Row, verify
from keyplan.verifying.forms import render, table
from sandbox.vendor_server import Fault, VendorServer, VendorWorld
from tests.command_gcp.memory_store import MemoryStore
from tests.vendors.asking import Way, key_at, key_of, manifest_with, new_value

NOW = datetime(2026, 11, 21, 18, 15, tzinfo=UTC)


@dataclass
class Store(MemoryStore):
    """A store whose secret may name an address, and whose metadata may be out of reach."""

    bound_url: str | None = None
    copies_behind: tuple[str, ...] = ()
    hides_metadata: bool = False
    read_fails: KeyplanError | None = None
    reads: list[str] = field(default_factory=list)

    def state(self, key: ManifestKey) -> SecretState:
        if self.hides_metadata:
            raise AccessDenied("metadata is not for you")
        found = super().state(key)
        return replace(found, bound_url=self.bound_url, copies_behind=self.copies_behind)

    def hold(self, stage: Stage, value: SecretValue) -> Store:
        self.values.append(value.reveal())
        self.labels[len(self.values) - 1] = VersionLabel(value.fingerprint(), "somebody")
        self.stages[stage] = len(self.values) - 1
        return self

    def read(  # type: ignore[override]  # as a Reader does; of the store it is what readers get
        self, names: Sequence[str]
    ) -> tuple[Mapping[str, SecretValue], Mapping[str, KeyplanError]]:
        (name,) = names
        self.reads.append(name)
        if self.read_fails is not None:
            return {}, {name: self.read_fails}
        current = self.value_at(Stage.CURRENT)
        if current is None:
            return {}, {name: ValueMissing("nobody has stored a value yet")}
        return {name: SecretValue(current)}, {}


def found(server: VendorServer, *stores: Store, key: ManifestKey | None = None) -> list[Row]:
    of_cloud = {store.cloud: store for store in stores}
    way = Way(server.url, timeout_seconds=5)
    return verify([key or key_of()], stores, of_cloud.__getitem__, way.road)


def holding(value: SecretValue, cloud: str = "aws", stage: Stage = Stage.CURRENT) -> Store:
    return Store(cloud).hold(stage, value)


def test_a_value_that_is_alive_everywhere_is_fine_and_asked_about_once(
    world: VendorWorld, server: VendorServer
) -> None:
    value = new_value(world)
    rows = found(server, holding(value), holding(value, "gcp"))
    assert [(row.cloud, row.stage, row.found) for row in rows] == [
        ("aws", Stage.CURRENT, "alive"),
        ("gcp", Stage.CURRENT, "alive"),
    ]
    assert {row.fingerprint for row in rows} == {value.fingerprint()}
    assert len(world.requests) == 1
    assert exit_code(rows) == 0


def test_a_dead_value_is_a_finding(world: VendorWorld, server: VendorServer) -> None:
    value = new_value(world)
    world.change(world.keys()[0].id, status="archived")
    rows = found(server, holding(value))
    assert [row.found for row in rows] == ["dead"]
    assert exit_code(rows) == 1
    assert "keyplan rotate anthropic brings a new one" in table(manifest_with(), rows, [])


def test_the_value_of_a_rotation_under_way_is_asked_about_too(
    world: VendorWorld, server: VendorServer
) -> None:
    old, new = new_value(world), new_value(world)
    rows = found(server, holding(old).hold(Stage.PENDING, new).hold(Stage.PREVIOUS, new_value(world)))
    assert [(row.stage, row.found, row.fingerprint) for row in rows] == [
        (Stage.CURRENT, "alive", old.fingerprint()),
        (Stage.PENDING, "alive", new.fingerprint()),
    ]


def test_clouds_that_hold_different_values_are_a_finding(world: VendorWorld, server: VendorServer) -> None:
    rows = found(server, holding(new_value(world)), holding(new_value(world), "gcp"))
    assert [(row.found, row.differs) for row in rows] == [("alive", True)] * 2
    assert exit_code(rows) == 1
    assert "its clouds hold different values" in table(manifest_with(), rows, [])


def test_a_pending_value_does_not_differ_from_a_current_one(world: VendorWorld, server: VendorServer) -> None:
    old, new = new_value(world), new_value(world)
    rows = found(server, holding(old).hold(Stage.PENDING, new), holding(old, "gcp"))
    assert [row.differs for row in rows] == [False] * 3


@pytest.mark.parametrize(
    ("error", "word", "code"),
    [
        (AccessDenied("you may not"), "denied", 3),
        (SecretMissing("it is not there"), "missing", 1),
        (ValueRevoked("it was revoked"), "revoked", 1),
        (ValueMissing("none"), "no-value", 1),
        (Unreachable("no answer"), "unknown", 3),
    ],
)
def test_a_value_that_cannot_be_read_is_never_called_dead(
    world: VendorWorld, server: VendorServer, error: KeyplanError, word: str, code: int
) -> None:
    store = holding(new_value(world))
    store.read_fails = error
    rows = found(server, store)
    assert [row.found for row in rows] == [word]
    assert exit_code(rows) == code
    assert error.message in table(manifest_with(), rows, [])
    assert len(world.requests) == 0


def test_who_may_read_in_one_cloud_alone_is_told_of_that_one(
    world: VendorWorld, server: VendorServer
) -> None:
    value = new_value(world)
    closed = holding(value, "gcp")
    closed.read_fails = AccessDenied("you may not")
    rows = found(server, holding(value), closed)
    assert [row.found for row in rows] == ["alive", "denied"]
    assert exit_code(rows) == 0


def test_whoever_may_read_values_and_no_metadata_learns_of_the_current_ones(
    world: VendorWorld, server: VendorServer
) -> None:
    store = holding(new_value(world))
    store.hides_metadata = True
    assert [row.found for row in found(server, store)] == ["alive"]


def test_a_vendor_that_gives_no_answer_leaves_a_value_unknown(
    world: VendorWorld, server: VendorServer
) -> None:
    world.faults.add(Fault.answer(400))
    rows = found(server, holding(new_value(world)))
    assert [row.found for row in rows] == ["unknown"]
    assert exit_code(rows) == 3


def test_where_nobody_can_be_asked_that_is_no_finding(world: VendorWorld, server: VendorServer) -> None:
    rows = found(server, holding(new_value(world, "generic")), key=key_of("generic"))
    assert [row.found for row in rows] == ["not-asked"]
    assert exit_code(rows) == 0


def test_a_limit_is_shown_and_is_no_finding(world: VendorWorld, server: VendorServer) -> None:
    world.faults.add(Fault.usage_limit())
    rows = found(server, holding(new_value(world)))
    assert [row.found for row in rows] == ["limited"]
    assert exit_code(rows) == 0
    assert "a spending limit that you set is reached" in table(manifest_with(), rows, [])


def test_a_copy_that_is_behind_is_a_finding(world: VendorWorld, server: VendorServer) -> None:
    store = holding(new_value(world))
    store.copies_behind = ("eu-central-1",)
    rows = found(server, store)
    assert exit_code(rows) == 1
    assert "the copies in eu-central-1 are behind" in table(manifest_with(), rows, [])


def test_a_gateways_token_goes_only_where_its_secret_says(world: VendorWorld, server: VendorServer) -> None:
    key = key_at(server, "gateway")
    store = holding(new_value(world, "gateway"))
    of_aws = Way(None, store_url=None)
    (row,) = verify([key], [store], lambda _cloud: store, of_aws.road)
    assert row.found == "unknown"
    assert row.error is not None
    assert "not the address that `pulumi up` wrote on the key's secret" in row.error.message
    assert len(world.requests) == 0
    store.bound_url = key.base_url
    (row,) = verify([key], [store], lambda _cloud: store, Way(None, store_url=None).road)
    assert row.found == "alive"


def test_a_short_value_is_compared_and_its_fingerprint_not_shown(
    world: VendorWorld, server: VendorServer
) -> None:
    rows = found(
        server,
        holding(SecretValue("short")),
        holding(SecretValue("other"), "gcp"),
        key=key_of("generic"),
    )
    assert [(row.fingerprint, row.differs) for row in rows] == [(None, True)] * 2


def test_both_forms_say_the_same_and_no_value(world: VendorWorld, server: VendorServer) -> None:
    value = new_value(world)
    rows = found(server, holding(value).hold(Stage.PENDING, SecretValue("not a key\n")))
    document = render(manifest_with(), rows, NOW)
    assert document["checkedAt"] == "2026-11-21T18:15:00Z"
    current = document["values"][0]
    assert {name: current[name] for name in ("key", "cloud", "stage", "found", "finding", "fingerprint")} == {
        "key": "anthropic",
        "cloud": "aws",
        "stage": "current",
        "found": "alive",
        "finding": False,
        "fingerprint": value.fingerprint(),
    }
    text = f"{document}{table(manifest_with(), rows, [])}"
    assert value.reveal()[20:60] not in text
    assert "not a key" not in text
    lines = table(manifest_with(), rows, []).splitlines()
    assert lines[2].split() == ["KEY", "STAGE", "FOUND", "FINGERPRINT", "WORKSPACE"]
    assert lines[4].split()[:3] == ["anthropic", "pending", "dead"]
    assert "  keyplan rollback anthropic takes it back, before any reader gets it" in lines
