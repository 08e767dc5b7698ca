"""What exists: projects with their policies, services and everything stored in them. All of it in memory."""

from __future__ import annotations

import itertools
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access.policies import Policy

if TYPE_CHECKING:
    from sandbox.gcp_server.access.identity import Identity
    from sandbox.gcp_server.secret_manager.model import Secret

PROJECT_ID = "keyplan-sandbox"
PROJECT_NUMBER = "123456789012"
FIRST_NUMBER = 500_000_000_000
ADMINISTRATOR = "user:admin@example.com"
PROJECT_NAME = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
OWN_ACCOUNT = re.compile(r"[^@]+@([a-z][a-z0-9-]*)\.iam\.gserviceaccount\.com")
MOST_LOG_ENTRIES = 10_000
MOST_MESSAGES = 1_000


@dataclass
class Project:
    """One project."""

    world: World
    project_id: str
    number: str
    created: datetime
    policy: Policy = field(default_factory=Policy)
    disabled_services: set[str] = field(default_factory=set)
    secrets: dict[str, Secret] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


class World:
    """The whole cloud."""

    def __init__(self) -> None:
        self._projects: dict[str, Project] = {}
        self._counter = itertools.count(1)
        # Everything that is stored and returned: full name with the project's id -> record.
        self.records: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, Policy] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.contents: dict[tuple[str, str], bytes] = {}  # of stored objects
        self.log_entries: deque[dict[str, Any]] = deque(maxlen=MOST_LOG_ENTRIES)
        # By alert policy: how long what it watches is silent, in the time that the sandbox's clock counts.
        self.clock_notes: dict[str, Any] = {}
        # What would have been published: topic and attributes. Oldest first.
        self.messages: deque[dict[str, Any]] = deque(maxlen=MOST_MESSAGES)
        self.make_project(PROJECT_ID, PROJECT_NUMBER, ADMINISTRATOR)

    def make_project(self, project_id: str, number: str, owner: str) -> Project:
        """A new project that `owner` owns."""
        project = Project(self, project_id, number, times.now())
        project.policy.replace(project, {"bindings": [{"role": "roles/owner", "members": [owner]}]})
        self._projects[project_id] = project
        return project

    def new_project(self, project_id: str, owner: str) -> Project:
        """A new project with a number of its own."""
        return self.make_project(project_id, str(FIRST_NUMBER + self.next_number()), owner)

    @property
    def projects(self) -> list[Project]:
        """All of them."""
        return list(self._projects.values())

    def find_project(self, reference: str) -> Project | None:
        """A project by its id or its number."""
        if reference in self._projects:
            return self._projects[reference]
        return next((item for item in self._projects.values() if item.number == reference), None)

    def project(self, reference: str) -> Project:
        """A project that is known to exist."""
        found = self.find_project(reference)
        if found is None:
            raise KeyError("there is no such project")
        return found

    def next_number(self) -> int:
        """A number that was not given out before."""
        return next(self._counter)

    def find_role(self, name: str) -> dict[str, Any] | None:
        """A custom role, deleted ones too."""
        return self.records.get(name)

    def account_may_exist(self, email: str) -> bool:
        """False for a service account of a project here that was never made or is deleted."""
        match = OWN_ACCOUNT.fullmatch(email)
        if match is None or match.group(1) not in self._projects:
            return True
        return f"projects/{match.group(1)}/serviceAccounts/{email}" in self.records

    def forget_account(self, email: str, unique_id: str) -> None:
        """Take what a deleted service account was granted from whoever gets its address next."""
        policies = [*self.policies.values(), *(project.policy for project in self.projects)]
        policies += [secret.policy for project in self.projects for secret in project.secrets.values()]
        for policy in policies:
            policy.forget(f"serviceAccount:{email}", f"deleted:serviceAccount:{email}?uid={unique_id}")

    def is_usable(self, caller: Identity) -> bool:
        """False for a service account that is disabled, and for a pool that is disabled or deleted."""
        match = OWN_ACCOUNT.fullmatch(caller.email)
        if match is not None:
            account = self.records.get(f"projects/{match.group(1)}/serviceAccounts/{caller.email}")
            return account is None or not account.get("disabled")
        if not caller.pool:
            return True
        number, _, rest = caller.pool.removeprefix("//iam.googleapis.com/projects/").partition("/")
        project = self.find_project(number)
        pool = self.records.get(f"projects/{project.project_id}/{rest}") if project else None
        return pool is None or (not pool.get("disabled") and pool.get("state") == "ACTIVE")

    def age(self, span: timedelta) -> Aged:
        """Make everything older by `span`, and let go what was to be deleted by then."""
        versions, now = 0, times.now()
        gone: list[str] = []
        for project in self.projects:
            project.created -= span
            for secret_id, secret in list(project.secrets.items()):
                secret.age(span)
                versions += len(secret.versions)
                if secret.expires is not None and secret.expires <= now:
                    project.secrets.pop(secret_id)
                    gone.append(secret_id)
        for record in (*self.records.values(), *self.log_entries):
            _age_record(record, span)
        return Aged(versions, tuple(gone))


@dataclass(frozen=True)
class Aged:
    """What a move in time did."""

    versions: int  # of secrets, that are older now
    gone: tuple[str, ...]  # ids of secrets that expired


AGED_FIELDS = (
    "createTime",
    "updateTime",
    "expireTime",
    "timestamp",
    "receiveTimestamp",
    "timeCreated",
    "updated",
    "_deletedAt",
)


def _age_record(record: dict[str, Any], span: timedelta) -> None:
    for name in AGED_FIELDS:
        if isinstance(record.get(name), str):
            record[name] = times.stamp(times.moment(record[name]) - span)
