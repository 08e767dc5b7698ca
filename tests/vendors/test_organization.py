"""The organization's own list of keys and their use, page by page, and deactivating one."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import AccessDenied, VendorError
from keyplan.manifest.model import ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.vendors import anthropic
from keyplan.vendors.organization import Organization, Usage, VendorKey, admin_of
from keyplan.vendors.organization_pages import hint_of, printable, same_hint, use_of_keys, vendor_key
from sandbox.vendor_server import CreatedKey, Fault, Kind, VendorServer, VendorWorld
from tests.command.environments import fake_key
from tests.vendors.asking import Way, key_of, manifest_with

LETTERS = string.ascii_letters + string.digits + "-_"


@pytest.fixture
def organization(world: VendorWorld, server: VendorServer) -> Iterator[Organization]:
    road = Way(server.url).road
    yield Organization(road, admin_key(world))
    road.close()


def admin_key(world: VendorWorld) -> SecretValue:
    return SecretValue(world.create_key("admin", kind=Kind.ADMIN, workspace=None).value)


def created(world: VendorWorld, count: int) -> list[CreatedKey]:
    return [world.create_key(f"dev-chat-{number}-key") for number in range(count)]


class TestKeys:
    def test_every_key_comes_from_every_page(self, world: VendorWorld, organization: Organization) -> None:
        made = created(world, 2_001)
        found = organization.keys()
        assert {key.id for key in found} == {one.key.id for one in made}
        assert [request.query["limit"] for request in world.requests] == [["1000"]] * 3
        after = [request.query.get("after_id") for request in world.requests]
        assert after[0] is None
        assert None not in after[1:]

    def test_an_organization_without_keys_has_none(self, organization: Organization) -> None:
        assert organization.keys() == []

    def test_a_key_is_what_the_list_says_of_it(self, world: VendorWorld, organization: Organization) -> None:
        one = world.create_key("dev-chat-key", workspace="wrkspc_01B", expires_in_seconds=3600)
        (key,) = organization.keys()
        assert (key.id, key.name, key.status, key.workspace) == (
            one.key.id,
            "dev-chat-key",
            "active",
            "wrkspc_01B",
        )
        assert key.hint == anthropic.hint(one.value)
        assert key.expires is not None
        assert key.expires - key.created == timedelta(hours=1)
        assert key.is_active

    def test_the_list_is_asked_for_once(self, world: VendorWorld, organization: Organization) -> None:
        values = [one.value for one in created(world, 3)]
        for value in values:
            assert len(organization.find(anthropic.hint(value))) == 1
        assert len(world.requests) == 1

    def test_a_key_is_found_by_the_hint_of_its_value(
        self, world: VendorWorld, organization: Organization
    ) -> None:
        made = created(world, 1_000)
        assert made[500].key.id in {key.id for key in organization.find(anthropic.hint(made[500].value))}
        assert organization.find(None) == []

    def test_two_keys_that_look_alike_are_both_found(
        self, world: VendorWorld, organization: Organization
    ) -> None:
        value = fake_key()
        for other in (value, value.replace("xxxxxxxxxx", "xxxyyyyxxx", 1)):
            world.create_key("twin", value=other)
        assert len(organization.find(anthropic.hint(value))) == 2

    def test_an_empty_page_that_promises_more_is_no_list(
        self, world: VendorWorld, organization: Organization
    ) -> None:
        body = json.dumps({"data": [], "has_more": True, "last_id": "apikey_1"}).encode()
        world.faults.add(Fault.answer(200, body=body, times=None))
        with pytest.raises(VendorError, match="makes no sense, when asked to list keys"):
            organization.keys()
        assert len(world.requests) == 2

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"data": None},
            {"data": [1]},
            {"data": [{}]},
            {"data": [{"id": "a/../b", "status": "active", "created_at": "2026-11-21T00:00:00Z"}]},
            {"data": [{"id": "apikey_1", "status": "new", "created_at": "2026-11-21T00:00:00Z"}]},
            {"data": [{"id": "apikey_1", "status": "active", "created_at": "yesterday"}]},
        ],
        ids=str,
    )
    def test_a_list_that_cannot_be_read_as_a_whole_is_none(
        self, world: VendorWorld, organization: Organization, document: object
    ) -> None:
        world.faults.add(Fault.answer(200, body=json.dumps(document).encode()))
        with pytest.raises(VendorError, match="makes no sense"):
            organization.keys()


class TestStatus:
    def test_a_deactivated_key_is_so_at_the_vendor_and_in_the_list(
        self, world: VendorWorld, organization: Organization
    ) -> None:
        (one,) = created(world, 1)
        organization.keys()
        assert organization.set_status(one.key.id, "inactive").status == "inactive"
        assert not world.is_alive(world.key(one.key.id))
        (listed,) = organization.keys()
        assert listed.status == "inactive"

    def test_doing_it_twice_is_as_once(self, world: VendorWorld, organization: Organization) -> None:
        (one,) = created(world, 1)
        for _time in range(2):
            assert organization.set_status(one.key.id, "inactive").status == "inactive"

    def test_an_answer_that_was_lost_is_asked_for_again(
        self, world: VendorWorld, organization: Organization
    ) -> None:
        (one,) = created(world, 1)
        world.faults.add(Fault.cut_off(applies=True, method="POST"))
        assert organization.set_status(one.key.id, "inactive").status == "inactive"
        assert len(world.requests) == 2

    def test_an_answer_of_another_status_is_not_taken_for_success(
        self, world: VendorWorld, organization: Organization
    ) -> None:
        (one,) = created(world, 1)
        shown = {"id": one.key.id, "status": "active", "created_at": "2026-11-21T00:00:00Z", "name": "n"}
        world.faults.add(Fault.answer(200, body=json.dumps(shown).encode()))
        with pytest.raises(VendorError, match="makes no sense, when asked to change a key"):
            organization.set_status(one.key.id, "inactive")

    @pytest.mark.parametrize("key_id", ["../me", "a?b", "", "a/b", "a b"])
    def test_what_is_no_id_is_never_a_part_of_a_path(
        self, world: VendorWorld, organization: Organization, key_id: str
    ) -> None:
        with pytest.raises(ValueError, match="not the id of a key"):
            organization.set_status(key_id, "inactive")
        assert len(world.requests) == 0


class TestUsage:
    DAY = timedelta(days=1)

    def asked(self, organization: Organization, days: int, bucket: str = "1d") -> dict[str, Usage]:
        until = datetime.now(UTC) + self.DAY
        return organization.usage(until - days * self.DAY, until, bucket)

    def test_what_was_used_is_counted_with_its_workspaces(
        self, world: VendorWorld, organization: Organization
    ) -> None:
        used, idle = created(world, 2)
        before = datetime.now(UTC)
        world.use(used.key, tokens=1_000)
        world.use(used.key, workspace="wrkspc_01Other")
        found = self.asked(organization, 3)
        assert set(found) == {used.key.id}
        use = found[used.key.id]
        assert use.tokens == 1_000 + 100 + 100 + 100
        assert use.workspaces == {"default", "wrkspc_01Other"}
        assert use.last >= before
        assert use.first <= datetime.now(UTC)
        assert idle.key.id not in found

    @pytest.mark.parametrize(("bucket", "days", "pages"), [("1d", 90, 3), ("1h", 20, 3)])
    def test_a_report_of_several_pages_is_joined(
        self, world: VendorWorld, organization: Organization, bucket: str, days: int, pages: int
    ) -> None:
        (one,) = created(world, 1)
        for _month in range(2):
            world.use(one.key)
            world.age(8 * 86_400)
        found = self.asked(organization, days, bucket)
        assert found[one.key.id].tokens == 400
        assert found[one.key.id].last - found[one.key.id].first >= timedelta(days=8)
        assert len(world.requests) == pages

    def test_the_same_report_is_asked_for_once_a_minute_at_most(
        self, world: VendorWorld, organization: Organization
    ) -> None:
        until = datetime.now(UTC)
        for _time in range(3):
            organization.usage(until - self.DAY, until)
        assert len(world.requests) == 1

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"data": [1]},
            {"data": [{"results": []}]},
            {"data": [], "has_more": True},
            {"data": [], "has_more": True, "next_page": "p"},
        ],
        ids=str,
    )
    def test_a_report_that_cannot_be_read_as_a_whole_is_none(
        self, world: VendorWorld, organization: Organization, document: object
    ) -> None:
        world.faults.add(Fault.answer(200, body=json.dumps(document).encode(), times=None))
        with pytest.raises(VendorError, match="makes no sense"):
            self.asked(organization, 1)
        assert len(world.requests) <= 2  # a page that leads to itself is not followed for ever

    def test_two_uses_together_span_both(self) -> None:
        first, second = (
            Usage(
                datetime(2026, 11, day, tzinfo=UTC), datetime(2026, 11, day + 1, tzinfo=UTC), 1, frozenset()
            )
            for day in (3, 9)
        )
        assert second.joined(first) == first.joined(second) == Usage(first.first, second.last, 2, frozenset())

    def test_use_of_the_console_and_rows_without_tokens_are_no_use(self) -> None:
        bucket = {"starting_at": "2026-11-20T00:00:00Z", "ending_at": "2026-11-21T00:00:00Z"}
        rows = [
            {"api_key_id": None, "output_tokens": 5},
            {"api_key_id": "apikey_1", "output_tokens": 0, "uncached_input_tokens": None},
            {"api_key_id": "apikey_2", "cache_creation": {"ephemeral_1h_input_tokens": 7}},
        ]
        found = use_of_keys({"data": [{**bucket, "results": rows}]})
        assert found is not None
        assert {key: use.tokens for key, use in found.items()} == {"apikey_2": 7}


class TestErrors:
    @pytest.mark.parametrize(
        ("fault", "kind", "words"),
        [
            (Fault.answer(401), "refused", "the admin key is not taken"),
            (Fault.answer(403), "refused", "the admin key may not see the organization"),
            (Fault.answer(404), "refused", "has nothing there"),
            (Fault.answer(400), "refused", "refuses to see the organization (HTTP 400)"),
            (Fault.throttled(3600), "limited", "takes no more requests now"),
            (Fault.overloaded(times=None), "unreachable", "cannot be asked to see the organization now"),
            (Fault.answer(403, body=b"<html>"), "unreachable", "cannot be asked"),
            (Fault.answer(200, body=b"[]"), "unreachable", "cannot be asked"),
            (Fault.answer(200, body=b"{}"), "unreachable", "makes no sense"),
            (Fault.cut_off(times=None), "unreachable", "the connection was cut"),
        ],
        ids=lambda part: f"{part.status}" if isinstance(part, Fault) else "",
    )
    def test_each_failure_has_words_of_its_own(
        self, world: VendorWorld, organization: Organization, fault: Fault, kind: str, words: str
    ) -> None:
        world.faults.add(fault)
        with pytest.raises(VendorError) as caught:
            organization.describe()
        assert caught.value.kind == kind
        assert words in caught.value.message
        assert caught.value.exit_code == 3
        assert fault.message not in caught.value.message

    def test_an_api_key_is_no_admin_key(self, world: VendorWorld, server: VendorServer) -> None:
        (one,) = created(world, 1)
        with pytest.raises(VendorError, match="the admin key is not taken"):
            Organization(Way(server.url).road, SecretValue(one.value)).keys()


def test_the_organization_says_who_it_is(world: VendorWorld, organization: Organization) -> None:
    assert organization.describe() == (world.organization_id, "Sandbox Organization")


class TestAdminKey:
    """Whose it is, and where it never goes."""

    def stored(self, value: SecretValue) -> tuple[ManifestKey, object]:
        return key_of("anthropic-admin"), lambda _key: value

    @pytest.mark.parametrize("variable", ["ANTHROPIC_ADMIN_API_KEY", "ANTHROPIC_ADMIN_KEY"])
    def test_the_processs_own_comes_first(self, variable: str) -> None:
        way = Way(None, store_url=None, environ={variable: "from-the-shell"})
        manifest = manifest_with(key_of("anthropic-admin"), store_url=None)
        found = admin_of(manifest, way.road, lambda _key: pytest.fail("the stored one was read"))
        assert found is not None
        assert way.lines == [f"the admin key is the one of {variable}"]

    def test_the_stored_one_is_read_where_there_is_no_other(
        self, world: VendorWorld, server: VendorServer
    ) -> None:
        way = Way(server.url)
        manifest = manifest_with(key_of("anthropic-admin"), vendor_url=server.url)
        found = admin_of(manifest, way.road, lambda _key: admin_key(world))
        assert found is not None
        assert found.describe()[0] == world.organization_id

    def test_the_shells_admin_key_never_goes_to_a_sandbox(
        self, world: VendorWorld, server: VendorServer
    ) -> None:
        way = Way(server.url, environ={"ANTHROPIC_ADMIN_API_KEY": admin_key(world).reveal()})
        assert admin_of(manifest_with(vendor_url=server.url), way.road, lambda _key: None) is None
        assert len(world.requests) == 0

    def test_a_consumers_key_is_never_taken_for_one(self, world: VendorWorld, server: VendorServer) -> None:
        way = Way(server.url)
        manifest = manifest_with(key_of("anthropic"), vendor_url=server.url)
        assert admin_of(manifest, way.road, lambda _key: pytest.fail("a consumer's key was read")) is None

    def test_one_that_may_not_be_read_is_none(self) -> None:
        def denied(_key: ManifestKey) -> SecretValue:
            raise AccessDenied("no")

        manifest = manifest_with(key_of("anthropic-admin"), store_url=None)
        assert admin_of(manifest, Way(None, store_url=None).road, denied) is None

    def test_a_sandbox_without_a_vendor_has_none(self) -> None:
        manifest = manifest_with(key_of("anthropic-admin"))
        assert admin_of(manifest, Way(None).road, lambda _key: pytest.fail("it was read")) is None

    @pytest.mark.parametrize("text", ["", "line\nbreak", "é"])
    def test_one_that_no_request_can_carry_is_none(self, text: str) -> None:
        way = Way(None, store_url=None, environ={"ANTHROPIC_ADMIN_API_KEY": text})
        assert admin_of(manifest_with(store_url=None), way.road, lambda _key: None) is None


class TestReading:
    def test_the_scope_of_newer_answers_is_the_workspace(self) -> None:
        document = {
            "id": "apikey_1",
            "status": "active",
            "created_at": "2026-11-21T00:00:00Z",
            "scope": {"type": "workspace", "workspace_id": "wrkspc_1"},
        }
        assert workspace_of(document) == "wrkspc_1"
        assert workspace_of({**document, "scope": {"type": "organization"}}) is None
        assert workspace_of({**document, "scope": None, "workspace_id": "wrkspc_2"}) == "wrkspc_2"

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("sk-ant-api03-R2D...igAA", "R2D...igAA"),
            ("sk-ant-admin01-R2D...igAA", "R2D...igAA"),
            ("R2...AA", "R2...AA"),
            ("sk-ant-api03-R2D…igAA", None),
            ("", None),
            (None, None),
            (7, None),
            ("a\n...b", None),
        ],
    )
    def test_a_hint_is_the_part_without_the_prefix(self, text: object, hint: str | None) -> None:
        assert hint_of(text) == hint

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("R2D...igAA", "R2D...igAA", True),
            ("R2D...igAA", "R2...AA", True),
            ("R2D...igAA", "R2Dx...xigAA", True),
            ("R2D...igAA", "R2E...igAA", False),
            ("R2D...igAA", "R2D...ihAA", False),
            ("R2D...igAA", "R...A", False),
            ("R2D...igAA", None, False),
            (None, None, False),
            ("", "", False),
        ],
    )
    def test_hints_of_one_value_are_the_same_however_long_they_are(
        self, one: str | None, other: str | None, same: bool
    ) -> None:
        assert same_hint(one, other) is same

    @given(st.text(LETTERS, min_size=93, max_size=93))
    def test_the_hint_of_every_key_is_the_one_that_the_vendor_shows(self, body: str) -> None:
        value = "sk-ant-" + "api03-" + body + "AA"
        assert anthropic.hint(value) == hint_of(f"sk-ant-api03-{body[:3]}...{body[-2:]}AA")

    @given(st.text())
    def test_a_name_from_the_vendor_is_fit_for_a_terminal(self, text: str) -> None:
        assert printable(text).isprintable()

    def test_a_key_that_somebody_gave_as_a_name_is_not_shown(self) -> None:
        assert printable(f"my {fake_key()}") == "my sk-…"
        assert printable("\x1b[31mred\x1b[0m\n") == "?[31mred?[0m?"


def workspace_of(document: Mapping[str, object]) -> str | None:
    found = vendor_key(dict(document))
    assert isinstance(found, VendorKey)
    return found.workspace
