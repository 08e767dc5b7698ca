"""The condition keys, and what a snapshot can know of each. Names are compared without regard to case.

A key that is in no table is unknown: its statement is reported, and weighs as unknown. One that is in no
request of the kind that is asked is absent, and what that means is the operator's affair.
Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference, AWS Secrets
Manager, AWS Key Management Service, AWS Security Token Service (all checked 2026-11-22).
"""

from __future__ import annotations

# What differs from request to request and no snapshot can know; the truth value: whether it is always there.
OPEN: dict[str, bool] = {
    "aws:currenttime": True,  # only where the snapshot does not say when it was made
    "aws:epochtime": True,
    "aws:requestedregion": True,  # only where no resource fixes it: STS answers in every region
    "aws:multifactorauthpresent": False,
    "aws:multifactorauthage": False,
    "aws:sourceip": False,  # not through a VPC endpoint
    "aws:vpcsourceip": False,
    "aws:sourcevpc": False,
    "aws:sourcevpcarn": False,
    "aws:sourcevpce": False,
    "aws:vpceaccount": False,
    "aws:vpceorgid": False,
    "aws:vpceorgpaths": False,
    "aws:useragent": True,
    "aws:referer": False,
    "aws:tokenissuetime": False,
    "aws:federatedprovider": False,
    "aws:sourceidentity": False,
    "aws:ec2instancesourcevpc": False,
    "aws:ec2instancesourceprivateipv4": False,
    "aws:sourceinstancearn": False,
    "aws:chatbotsourcearn": False,
    "aws:signinsessionarn": False,
    "aws:viaawsmcpservice": False,
    "aws:calledviaawsmcp": False,
    "ec2:sourceinstancearn": False,
    "ec2:roledelivery": False,
    "lambda:sourcefunctionarn": False,
    "ssm:sourceinstancearn": False,
    "ecs:cluster": False,
    "ecs:sourcetaskarn": False,
    "identitystore:userid": False,
    "glue:roleassumedby": False,
    "glue:credentialissuingservice": False,
    "signin:oauthclientid": False,
    "codebuild:projectarn": False,
    "codebuild:buildarn": False,
}
# In no request that a principal makes itself: only where a service acts for a resource of its own, of a
# session that AssumeRoot made of a root user, of the actions of MCP services, and of other calls of STS.
ABSENT = frozenset(
    {"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}
    | {"aws:principalservicename", "aws:principalservicenameslist"}
    | {"aws:assumedroot", "aws:ismcpserviceaction", "sts:durationseconds", "sts:taskpolicyarn"}
)
# Of a role's session, and so in no request of a user.
OF_ROLE_SESSIONS = frozenset(
    {"aws:federatedprovider", "aws:sourceidentity", "aws:chatbotsourcearn", "aws:ec2instancesourcevpc"}
    | {"aws:ec2instancesourceprivateipv4", "ec2:sourceinstancearn", "ec2:roledelivery"}
    | {"glue:roleassumedby", "glue:credentialissuingservice", "codebuild:projectarn", "codebuild:buildarn"}
    | {"lambda:sourcefunctionarn", "ssm:sourceinstancearn", "identitystore:userid"}
)
# Keys whose value has several parts, for which the set operators are made.
SEVERAL = frozenset(
    {"aws:principalorgpaths", "aws:resourceorgpaths", "aws:vpceorgpaths", "aws:sourceorgpaths"}
    | {"aws:calledvia", "aws:tagkeys", "aws:principalservicenameslist", "kms:encryptioncontextkeys"}
    | {"kms:resourcealiases", "kms:grantoperations", "sts:transitivetagkeys", "sts:identitytokenaudience"}
)
# Of Secrets Manager's other calls: in no request that reads a value.
_OF_OTHER_CALLS = frozenset(
    f"secretsmanager:{name}"
    for name in (
        *(
            "name",
            "description",
            "kmskeyid",
            "kmskeyarn",
            "recoverywindowindays",
            "rotationlambdaarn",
            "type",
        ),
        *("forcedeletewithoutrecovery", "blockpublicpolicy", "addreplicaregions", "modifyrotationrules"),
        *("forceoverwritereplicasecret", "rotateimmediately", "externalsecretrotationrolearn"),
    )
)
SECRET_OPEN = {
    "secretsmanager:versionid": True,
    "secretsmanager:resource/allowrotationlambdaarn": False,
    "secretsmanager:resource/type": False,
    "secretsmanager:secretprimaryregion": False,  # of a secret with replicas alone
}
_KMS_OPEN = {
    "kms:encryptioncontext:secretversionid": True,
    "kms:requestalias": False,
    "kms:keyorigin": True,
    "kms:keyspec": True,
    "kms:customermasterkeyspec": True,
    "kms:keyusage": True,
    "kms:customermasterkeyusage": True,
    "kms:multiregion": True,
    "kms:multiregionkeytype": False,
    "kms:encryptionalgorithm": True,
}
_KMS_ABSENT = frozenset(
    {"kms:grantconstrainttype", "kms:grantisforawsresource", "kms:granteeprincipal", "kms:grantoperations"}
    | {"kms:retiringprincipal", "kms:bypasspolicylockoutsafetycheck", "kms:expirationmodel", "kms:validto"}
    | {"kms:wrappingalgorithm", "kms:wrappingkeyspec", "kms:macalgorithm", "kms:signingalgorithm"}
    | {"kms:messagetype", "kms:datakeypairspec", "kms:reencryptonsamekey", "kms:primaryregion"}
    | {"kms:replicaregion", "kms:rotationperiodindays", "kms:schedulekeydeletionpendingwindowindays"}
    | {"kms:keyagreementalgorithm"}
)
_STS_OPEN = {
    "sts:externalid": False,
    "sts:rolesessionname": True,
    "sts:sourceidentity": False,
    "sts:transitivetagkeys": False,
    "sts:roleauthorizedbyidp": False,
    "aws:tagkeys": False,
}

GET_SECRET_VALUE, DECRYPT, ASSUME_ROLE = "secretsmanager:GetSecretValue", "kms:Decrypt", "sts:AssumeRole"
ASSUME_ROLE_WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
_OPEN_OF = {
    GET_SECRET_VALUE: SECRET_OPEN,
    DECRYPT: _KMS_OPEN,
    ASSUME_ROLE: _STS_OPEN,
    ASSUME_ROLE_WITH_WEB_IDENTITY: _STS_OPEN,
}
# Families of keys that go on with a name of the account's own, and whether a request can have one.
_FAMILIES_OPEN = ("saml:", "accounts.google.com:", "graph.facebook.com:", "www.amazon.com:")


def opened(action: str, key: str) -> bool | None:
    """Whether an open key is always in a request of this action; None: it is not open.

    `key` is in lower case.
    """
    if key in OPEN:
        return OPEN[key]
    if key in (known := _OPEN_OF.get(action, {})):
        return known[key]
    if key.startswith("aws:requesttag/"):
        return False if action in (ASSUME_ROLE, ASSUME_ROLE_WITH_WEB_IDENTITY) else None
    if key.startswith(_FAMILIES_OPEN) or ("/" in key.partition(":")[0] or "." in key.partition(":")[0]):
        return False  # of a federated session, as in `token.actions.githubusercontent.com:sub`
    return None


def is_absent(action: str, key: str) -> bool:
    """Whether no request of this action has the key."""
    if key in ABSENT or key in _OF_OTHER_CALLS or key in _KMS_ABSENT:
        return True
    if key.startswith("aws:requesttag/") or key == "aws:tagkeys":
        return True
    if key.startswith(("kms:encryptioncontext:", "kms:recipientattestation:")):
        return True  # Secrets Manager's context has two pairs, which stand in other tables; no enclave asks
    # Keys of the other services that are asked about here.
    service = key.partition(":")[0]
    return service in _SERVICES and service != action.partition(":")[0] and _is_known(key)


_SERVICES = ("secretsmanager", "kms", "sts", "iam")
_COMPUTED = frozenset(
    {"kms:viaservice", "kms:calleraccount", "secretsmanager:secretid", "secretsmanager:versionstage"}
    | {"kms:encryptioncontextkeys", "kms:resourcealiases"}
    | {"iam:passedtoservice", "iam:associatedresourcearn", "iam:policyarn", "iam:permissionsboundary"}
    | {"iam:awsservicename", "iam:organizationspolicyid", "iam:fido-aaguid", "iam:fido-certification"}
    | {"iam:fido-fips-140-2-certification", "iam:fido-fips-140-3-certification", "iam:registersecuritykey"}
    | {"iam:servicespecificcredentialservicename", "iam:servicespecificcredentialagedays"}
    | {"iam:delegationduration", "iam:delegationrequestowner", "iam:notificationchannel"}
    | {"iam:templatearn"}
)
_COMPUTED_FAMILIES = ("kms:encryptioncontext:", "secretsmanager:resourcetag/", "iam:resourcetag/")


def _is_known(key: str) -> bool:
    tables = (SECRET_OPEN, _KMS_OPEN, _STS_OPEN, _COMPUTED)
    return any(key in table for table in tables) or key.startswith(_COMPUTED_FAMILIES)
