"""The types of resources that change who can read what: those that are understood, and those that are not."""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.audit.planned import attachments, identities, keys, policies, secrets
from keyplan.audit.planned.handler import Handler

_ORDINARY: Mapping[str, Handler] = {
    **identities.HANDLERS,
    **policies.HANDLERS,
    **attachments.HANDLERS,
    **keys.HANDLERS,
    **secrets.HANDLERS,
}
FIRST: Mapping[str, Handler] = {kind: each for kind, each in _ORDINARY.items() if each.first}
MIDDLE: Mapping[str, Handler] = {kind: each for kind, each in _ORDINARY.items() if not each.first}
LAST: Mapping[str, Handler] = attachments.LAST
HANDLERS: Mapping[str, Handler] = {**_ORDINARY, **LAST}

# Modules of the AWS providers whose resources say who may do what, or make resources of any type.
_MODULES = frozenset(
    {"iam", "kms", "secretsmanager", "organizations", "ssoadmin", "sso", "identitystore", "rolesanywhere"}
    | {"cloudformation", "cloudcontrol"}
)
_PACKAGES = ("aws", "aws-native")
# Of those modules, what changes no verdict: credentials of principals that are there anyway, values,
# providers of tokens (a role's trust says which tokens it takes), settings of the account.
_WITHOUT_EFFECT = frozenset(
    {
        *("AccessKey", "AccountAlias", "AccountPasswordPolicy", "InstanceProfile", "OpenIdConnectProvider"),
        *("OrganizationsFeatures", "OutboundWebIdentityFederation", "SamlProvider"),
        *("SecurityTokenServicePreferences", "ServerCertificate", "ServiceSpecificCredential"),
        *("SigningCertificate", "SshKey", "UserLoginProfile", "VirtualMfaDevice"),
        *("Ciphertext", "CustomKeyStore", "SecretRotation", "SecretVersion"),
    }
)


def touches_access(kind: str) -> bool:
    """Whether a type may change who can read what: `aws:iam/role:Role`, `aws-native:kms:Key`."""
    package, _, rest = kind.partition(":")
    module, _, name = rest.rpartition(":")
    if package not in _PACKAGES or module.partition("/")[0] not in _MODULES:
        return False
    return name not in _WITHOUT_EFFECT
