"""Names of secrets that AWS still keeps, because the secrets that had them are pending deletion.

CreateSecret refuses such a name, which an update would find out halfway. So a preview looks for them, and
`pulumi up` previews first. Copies in other regions need no look: AWS deletes a replica at once.
Source: Secrets Manager API Reference, CreateSecret and DeleteSecret (checked 2026-11-21).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from components.aws.account import Account
from keyplan.catalogue import Catalogue, Key
from keyplan.endpoints import Endpoint, endpoint_for
from keyplan.errors import KeyplanError
from keyplan.stores.aws_credentials import SANDBOX_CREDENTIALS
from keyplan.stores.aws_deletions import ACTION, DeletedSecret, look_for_deletions
from keyplan.stores.aws_errors import Place, restorable_until
from keyplan.stores.aws_roads import Roads

# The provider has just answered from the same machine: who waits longer waits for nothing.
TIMEOUT_SECONDS = 10.0
# What only Pulumi's provider follows: credentials that this process has no part in, and detours that it must
# not leave out. `profile` is not one of them, it names a place where both can look.
# Source: pulumi-aws 7.51.1, provider configuration (checked 2026-11-21).
PROVIDER_ONLY = (
    "accessKey",
    "assumeRoleWithWebIdentity",
    "assumeRoles",
    "customCaBundle",
    "httpProxy",
    "httpsProxy",
    "secretKey",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "token",
    "useDualstackEndpoint",
    "useFipsEndpoint",
)


def refuse_pending_deletions(catalogue: Catalogue, account: Account) -> None:
    """In a preview, find the keys whose secrets are pending deletion; call it before the first component.

    A look that fails is told in a warning and stops nothing.

    Raises:
        KeyplanError: there are some; it names them all, each with the command that restores it.
    """
    import pulumi  # here, because the words below need no engine
    from pulumi.runtime.config import CONFIG

    if not pulumi.runtime.is_dry_run() or not catalogue.keys:
        return
    endpoint = endpoint_for("secretsmanager", account.endpoints)
    settings = CONFIG.get()
    in_the_way = next((name for name in PROVIDER_ONLY if settings.get(f"aws:{name}")), None)
    if in_the_way is not None and not _is_sandbox(endpoint):
        pulumi.log.info(not_looked_for(f"`aws:{in_the_way}` is for Pulumi's provider only"))
        return
    place = Place(catalogue.environment, account.account_id, account.region, "", endpoint)
    roads = Roads(
        place,
        account.partition,
        # No host needs confirming: the stack's own configuration names it, and no value goes there.
        endpoint,
        ACTION,
        TIMEOUT_SECONDS,
        report=lambda line: None,
        profile=settings.get("aws:profile"),
    )
    keys = {key.name: key.secret_name for key in catalogue.keys.values()}
    deletions = look_for_deletions(place, keys, roads)
    if deletions.failure is not None:
        pulumi.log.warn(not_looked_for(f"{deletions.failure.message}; it takes {ACTION}"))
    if deletions.found:
        raise refusal(catalogue, account, deletions.found)


def not_looked_for(reason: str) -> str:
    """What the preview says where it could not look."""
    return f"secrets that are pending deletion were not looked for: {reason}"


def refusal(catalogue: Catalogue, account: Account, found: Mapping[str, DeletedSecret]) -> KeyplanError:
    """The error for names that are not free.

    Args:
        found: the deleted secrets, by the names of their keys.
    """
    entries = [_entry(catalogue.keys[name], account, secret) for name, secret in sorted(found.items())]
    one = len(entries) == 1
    subject = "1 secret" if one else f"{len(entries)} secrets"
    return KeyplanError(
        f"{subject} of environment {catalogue.environment} "
        f"{'is' if one else 'are'} pending deletion, and AWS gives {'its name' if one else 'their names'} "
        "to no other secret" + "".join(entries),
        "restore, write the line `adopt` at the key, and run again: the stack takes the secret over with its "
        "values; or leave it and give the key another `secretName` (docs/aws.md)",
    )


def _entry(key: Key, account: Account, secret: DeletedSecret) -> str:
    lines = [
        f"key {key.name}: {key.secret_name}, restorable {restorable_until(secret.deleted_epoch_seconds)}",
        f"  {restore_command(account, key.secret_name)}",
    ]
    if key.adopt is None:
        lines.append(f"  adopt: {secret.arn}")
    return "".join(f"\n  {line}" for line in lines)


def restore_command(account: Account, secret_name: str) -> str:
    """The command that restores a secret, complete with where it is."""
    endpoint = endpoint_for("secretsmanager", account.endpoints)
    command = f"aws secretsmanager restore-secret --secret-id {shlex.quote(secret_name)}"
    command += f" --region {account.region}"
    if endpoint is not None:
        command += f" --endpoint-url {endpoint.url}"
    if not _is_sandbox(endpoint):
        return command
    signer = SANDBOX_CREDENTIALS
    return f"AWS_ACCESS_KEY_ID={signer.access_key} AWS_SECRET_ACCESS_KEY={signer.secret_key} {command}"


def _is_sandbox(endpoint: Endpoint | None) -> bool:
    return endpoint is not None and endpoint.is_sandbox
