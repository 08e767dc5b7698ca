"""A collection of resources, stored as they were declared: create, get, list, change, delete, policies."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sandbox.gcp_server.access.decisions import Resource, decide, require
from sandbox.gcp_server.access.policies import Policy
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import already_exists, invalid, not_found
from sandbox.gcp_server.filters import compile_filter
from sandbox.gcp_server.paging import page
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services import masks, operations

Record = dict[str, Any]
Handler = Callable[[Call], Any]
MOST_ON_A_PAGE = 1000


@dataclass(frozen=True)
class Given:
    """What a request to create says, wherever its API has it: the new id and the message."""

    item_id: str
    message: Record


def by_query(parameter: str) -> Callable[[Call], Given]:
    """The id in a query parameter, the message as the body."""
    return lambda call: Given(call.ask(parameter), call.body)


@dataclass(frozen=True)
class Collection:
    """One kind of resource."""

    service: str
    path: str  # "/v1/projects/{project}/topics"
    item: str  # the open part of a resource's path: "topic"
    list_field: str  # of the list's answer
    schema: str
    permissions: str  # "pubsub.topics"
    given: Callable[[Call], Given]
    complete: Callable[[Call, str, Record], Record]  # full name and message -> what is stored
    fixed: tuple[str, ...] = ("name",)  # fields that a change cannot touch
    create_method: str = "POST"
    create_schema: str = ""  # of the body, where it is not the message itself
    patch_schema: str = ""
    patched: Callable[[Call], tuple[Record, str]] | None = None  # message and mask of a change
    checked: Callable[[Call, str, Record], None] | None = None  # a change's result
    by_number: bool = False  # whether names are answered with the project's number
    operation: Callable[[Call, str, Record], Record] | None = None  # wraps what changes something
    policy_get: str = ""  # GET or POST, where resources have policies
    methods: tuple[str, ...] = ("create", "get", "list", "patch", "delete")
    already: str = "Requested entity already exists"
    missing: str = "Requested entity was not found."
    document: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def item_path(self) -> str:
        """The path of one resource."""
        return f"{self.path}/{{{self.item}}}"

    def key(self, call: Call, item_id: str | None = None) -> str:
        """The name under which a resource is kept: with the project's id."""
        names = {**call.names, "project": call.project.project_id}
        if item_id is not None:
            names[self.item] = item_id
        return self.item_path.partition("/projects/")[2].join(("projects/", "")).format(**names)

    def shown(self, call: Call, record: Record) -> Record:
        """A record as it is answered: without the sandbox's own notes."""
        body = {name: deepcopy(value) for name, value in record.items() if not name.startswith("_")}
        if self.by_number and isinstance(body.get("name"), str):
            own = f"projects/{call.project.project_id}/"
            body["name"] = body["name"].replace(own, f"projects/{call.project.number}/", 1)
        return body

    def allow(self, call: Call, verb: str, key: str | None = None) -> None:
        """Raises PERMISSION_DENIED unless the caller may do it here."""
        name = key or f"projects/{call.project.project_id}"
        policy = call.world.policies.get(key) if key else None
        resource = Resource(
            name, f"//{self.service}/{name}", f"{self.service}/{self.schema}", self.service, policy
        )
        require(call.project, call.caller, f"{self.permissions}.{verb}", resource)

    def find(self, call: Call) -> tuple[str, Record]:
        """The resource that the path names. Raises NOT_FOUND."""
        key = self.key(call)
        record = call.world.records.get(key)
        if record is None:
            raise not_found(self.missing.format(id=call.names[self.item], name=key))
        return key, record

    def create(self, call: Call) -> Record:
        """Create."""
        given = self.given(call)
        key = self.key(call, given.item_id)
        self.allow(call, "create")
        if key in call.world.records:
            raise already_exists(self.already.format(id=given.item_id, name=key))
        record = self.complete(call, key, deepcopy(given.message))
        call.world.records[key] = record
        return self._done(call, key, record)

    def get(self, call: Call) -> Record:
        """Get."""
        self.allow(call, "get", self.key(call))
        return self.shown(call, self.find(call)[1])

    def list_all(self, call: Call) -> Record:
        """List, by name."""
        self.allow(call, "list")
        prefix = self.key(call, "")
        found = [
            self.shown(call, record)
            for key, record in sorted(call.world.records.items())
            if key.startswith(prefix) and "/" not in key.removeprefix(prefix)
        ]
        if call.ask("showDeleted") != "true":
            found = [body for body in found if body.get("state") != "DELETED" and not body.get("deleted")]
        fits = compile_filter(call.ask("filter"))
        shown, token = page(call, [body for body in found if fits(body)], MOST_ON_A_PAGE)
        answer: Record = {self.list_field: shown} if shown else {}
        return {**answer, "nextPageToken": token} if token else answer

    def patch(self, call: Call) -> Record:
        """Change what the mask names."""
        self.allow(call, "update", self.key(call))
        key, record = self.find(call)
        message, mask = self.patched(call) if self.patched else (call.body, call.ask("updateMask"))
        changed = masks.apply(record, message, mask, self.fixed)
        if self.checked is not None:
            self.checked(call, key, changed)
        call.world.records[key] = changed
        return self._done(call, key, changed)

    def delete(self, call: Call) -> Record:
        """Delete at once."""
        self.allow(call, "delete", self.key(call))
        key, record = self.find(call)
        del call.world.records[key]
        call.world.policies.pop(key, None)
        return {} if self.operation is None else self._done(call, key, record)

    def _done(self, call: Call, key: str, record: Record) -> Record:
        shown = self.shown(call, record)
        return shown if self.operation is None else self.operation(call, key, shown)

    def get_policy(self, call: Call) -> Record:
        """GetIamPolicy."""
        key = self.find(call)[0]
        self.allow(call, "getIamPolicy", key)
        options = call.body.get("options") or {} if call.method == "POST" else {}
        version = options.get("requestedPolicyVersion") or call.ask("options.requestedPolicyVersion") or 0
        return call.world.policies.setdefault(key, Policy()).shown(_version(version))

    def set_policy(self, call: Call) -> Record:
        """SetIamPolicy."""
        key = self.find(call)[0]
        self.allow(call, "setIamPolicy", key)
        policy, body = call.world.policies.setdefault(key, Policy()), call.body
        policy.replace(call.project, body.get("policy") or {}, body.get("updateMask") or "")
        return policy.shown(3)

    def test_permissions(self, call: Call) -> Record:
        """TestIamPermissions."""
        key = self.key(call)
        policy = call.world.policies.get(key)
        resource = Resource(key, key, f"{self.service}/{self.schema}", self.service, policy)
        wanted = call.body.get("permissions") or []
        held = [item for item in wanted if decide(call.project, call.caller, item, resource).allowed]
        return {"permissions": held} if held else {}

    def routes(self) -> list[Route]:
        """The routes of this collection."""
        patch_schema = self.patch_schema or self.schema
        create_path = self.item_path if self.create_method == "PUT" else self.path
        table: dict[str, tuple[str, str, Handler, str]] = {
            "create": (self.create_method, create_path, self.create, self.create_schema or self.schema),
            "get": ("GET", self.item_path, self.get, ""),
            "list": ("GET", self.path, self.list_all, ""),
            "patch": ("PATCH", self.item_path, self.patch, patch_schema),
            "delete": ("DELETE", self.item_path, self.delete, ""),
        }
        rows = [table[name] for name in self.methods]
        if self.policy_get:
            rows += [
                (self.policy_get, f"{self.item_path}:getIamPolicy", self.get_policy, ""),
                ("POST", f"{self.item_path}:setIamPolicy", self.set_policy, "*"),
                ("POST", f"{self.item_path}:testIamPermissions", self.test_permissions, "*"),
            ]
        return [self.route(*row) for row in rows]

    def route(self, method: str, path: str, handler: Handler, schema: str = "") -> Route:
        """A route of this collection's service."""
        options = {"document": self.document} if self.document else {}
        return Route(method, path, handler, self.service, request_schema=schema, options=options)


def _version(given: Any) -> int:
    if str(given) not in ("0", "1", "2", "3"):
        raise invalid("The requested policy version must be 0, 1 or 3.")
    return int(given)


def operation_of(
    response_type: str, metadata: Callable[[str], Record] | None = None
) -> Callable[[Call, str, Record], Record]:
    """An operation below the resource's location, as Cloud Functions and Cloud Run have them."""

    def wrap(call: Call, key: str, record: Record) -> Record:
        place = "/".join(key.split("/")[:4])
        described = metadata(key) if metadata else {}
        return operations.start(call, f"{place}/operations/operation-", record, response_type, described)

    return wrap
