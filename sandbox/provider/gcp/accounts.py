"""Service accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sandbox.provider.gcp.cloud import GoogleCloud, GoogleFailure
from sandbox.provider.gcp.failures import CONFLICT
from sandbox.provider.gcp.resource import DELETION, RestType
from sandbox.provider.handler import Created, Properties
from sandbox.provider.values import present

DOMAIN = "iam.gserviceaccount.com"


class Account(RestType):
    """Id: `projects/P/serviceAccounts/EMAIL`."""

    kind = "gcp:serviceaccount/account:Account"
    service = "iam"
    path = "projects/{project}/serviceAccounts/{email}"
    fields = ("description", "disabled", "displayName")
    optional = ("accountId", "createIgnoreAlreadyExists", "deletionPolicy", "project", *fields)
    fixed = ("accountId", "project")
    computed = ("email", "member", "name", "project", "uniqueId")
    kept = ("project",)
    local = ("createIgnoreAlreadyExists", "deletionPolicy")
    defaults = MappingProxyType({**DELETION, "disabled": False})
    identity = ("accountId", "project")
    name_property = "accountId"
    name_length = 30

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """The account's e-mail address is made of its id and the project's."""
        path = self.path_of(cloud, new)
        account = present(description=new.get("description"), displayName=new.get("displayName"))
        body = {"accountId": new["accountId"], "serviceAccount": account}
        try:
            cloud.call(self.service, "POST", path.rpartition("/")[0], body)
        except GoogleFailure as failure:
            if failure.code != CONFLICT or not new.get("createIgnoreAlreadyExists"):
                raise
        return Created(path, self.shown(cloud, cloud.call(self.service, "GET", path), new))

    def complete(self, cloud: GoogleCloud, id_: str, new: Properties) -> None:
        """A new account is enabled."""
        if new.get("disabled"):
            cloud.call(self.service, "POST", f"{id_}:disable", {})

    def patch(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, mask: Sequence[str]
    ) -> None:
        """The mask goes into the body here; enabling has verbs of its own."""
        texts = [name for name in mask if name != "disabled"]
        if texts:
            account = {name: new.get(name, "") for name in texts}
            body = {"serviceAccount": account, "updateMask": ",".join(texts)}
            cloud.call(self.service, "PATCH", id_, body)
        if "disabled" in mask:
            cloud.call(self.service, "POST", f"{id_}:{'disable' if new.get('disabled') else 'enable'}", {})

    def path_of(self, cloud: GoogleCloud, new: Properties) -> str:
        """With the e-mail address that the account will have."""
        project = self.project(cloud, new)
        email = f"{new['accountId']}@{project}.{DOMAIN}"
        return self.path.format(project=project, email=email)

    def names_of(self, id_: str) -> dict[str, str]:
        """The account's id is the beginning of its e-mail address."""
        names = super().names_of(id_)
        return {"project": names["project"], "accountId": names["email"].partition("@")[0]}

    def shown(self, cloud: GoogleCloud, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """With the member that policies name."""
        named = {**found, "member": f"serviceAccount:{found['email']}"}
        return super().shown(cloud, named, known)
