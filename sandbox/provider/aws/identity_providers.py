"""IAM OpenID Connect providers: the identities of CI runners."""

from __future__ import annotations

from typing import Any

from sandbox.provider.cloud import Cloud
from sandbox.provider.handler import (
    Created,
    Handler,
    Properties,
    change_tags,
    tag_list,
    tag_map,
    tag_outputs,
)


class OpenIdConnectProvider(Handler):
    """Id: the ARN, which is made of the account and the URL."""

    kind = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    service = "iam"
    regional = False
    required = ("url", "clientIdLists")
    optional = ("thumbprintLists", "tags")
    fixed = ("url",)
    computed = ("arn", "thumbprintLists")
    kept = ("thumbprintLists",)
    unordered = ("clientIdLists",)
    identity = ("url",)

    def same(self, name: str, old: Any, new: Any) -> bool:
        """AWS keeps the URL without its scheme, so `https://` makes no difference."""
        if name == "url" and isinstance(old, str) and isinstance(new, str):
            return without_scheme(old) == without_scheme(new)
        return super().same(name, old, new)

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateOpenIDConnectProvider; thumbprints are optional."""
        arn = self.aws(cloud, new).create_open_id_connect_provider(
            Url=new["url"],
            ClientIDList=new["clientIdLists"],
            ThumbprintList=new.get("thumbprintLists") or [],
            Tags=tag_list(new["tagsAll"]),
        )["OpenIDConnectProviderArn"]
        return Created(arn, {"arn": arn, "thumbprintLists": new.get("thumbprintLists") or []})

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetOpenIDConnectProvider."""
        found = self.aws(cloud, known).get_open_id_connect_provider(OpenIDConnectProviderArn=id_)
        return {
            "arn": id_,
            "url": known.get("url") or f"https://{without_scheme(found['Url'])}",
            "clientIdLists": found["ClientIDList"],
            "thumbprintLists": found["ThumbprintList"],
            **tag_outputs(tag_map(found.get("Tags"))),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """moto cannot add a client id (500), so a changed list makes the provider again; its ARN stays."""
        client = self.aws(cloud, new)
        if "clientIdLists" in changed:
            client.delete_open_id_connect_provider(OpenIDConnectProviderArn=id_)
            self.create(cloud, new)
            return {}
        if "thumbprintLists" in changed:
            client.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=id_, ThumbprintList=new["thumbprintLists"]
            )
        if "tagsAll" in changed:
            change_tags(
                old,
                new,
                client.untag_open_id_connect_provider,
                client.tag_open_id_connect_provider,
                OpenIDConnectProviderArn=id_,
            )
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """AWS deletes it even while roles trust it."""
        self.aws(cloud, known).delete_open_id_connect_provider(OpenIDConnectProviderArn=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """The ARN that the URL gives."""
        return provider_arn(cloud, new["url"])


def without_scheme(url: str) -> str:
    """`https://token.example.com/` -> `token.example.com`."""
    return url.removeprefix("https://").rstrip("/")


def provider_arn(cloud: Cloud, url: str) -> str:
    """The ARN of the provider with a URL.

    Source: IAM User Guide, "IAM identifiers", OIDC providers are `oidc-provider/URL` (checked 2026-11-21).
    """
    caller = cloud.caller()
    partition = caller["Arn"].split(":")[1]
    return f"arn:{partition}:iam::{caller['Account']}:oidc-provider/{without_scheme(url)}"
