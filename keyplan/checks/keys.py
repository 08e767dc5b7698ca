"""The keys of a catalogue: their fields, and what has to be true of one key by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from keyplan import names
from keyplan.catalogue import Cloud, Key
from keyplan.checks.fields import Field, Node, Record, boolean, choice, duration, list_of, read_record
from keyplan.checks.formats import (
    check_secret_name,
    email,
    former_names,
    region,
    secret_arn,
    secret_name,
    variable,
)
from keyplan.checks.pasted import show
from keyplan.checks.problems import Reported
from keyplan.checks.vendors import (
    DEFAULT_CHECK_HEADER,
    DEFAULT_VARIABLES,
    Vendor,
    check_vendor_fields,
    key_variable,
)
from keyplan.checks.vendors import FIELDS as VENDOR_FIELDS

# A program that gets one of these from `keyplan exec` would not start, or would be somebody else.
RESERVED_VARIABLES = frozenset(
    {
        "HOME",
        "IFS",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "NODE_OPTIONS",
        "PATH",
        "PWD",
        "PYTHONPATH",
        "SHELL",
        "USER",
    }
    | {"ANTHROPIC_BASE_URL", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_FOUNDRY", "CLAUDE_CODE_USE_VERTEX"}
    | {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    | {"CLOUDSDK_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"}
)


FIELDS = (
    Field(
        "vendor",
        choice(Vendor),
        "vendor",
        "whose key it is: `anthropic`, an API key; `anthropic-admin`, an Admin API key; `gateway`, the token "
        "of a gateway; `generic`, any other vendor's",
        "anthropic",
        required=True,
    ),
    Field(
        "envVar",
        variable,
        "variable name",
        "the environment variable that programs read the key from, and the field's name in the stored JSON",
        "OPENROUTER_API_KEY",
        default_text="; ".join(f"`{name}` for {vendor}" for vendor, name in DEFAULT_VARIABLES.items())
        + "; required for generic",
    ),
    Field(
        "owner",
        email,
        "e-mail address",
        "who is reminded to rotate this key",
        "ml@example.com",
        default_text="the environment's `owner`",
    ),
    Field(
        "rotateEvery",
        duration("1d"),
        "duration",
        "the age at which a value is overdue",
        "90d",
        default="90d",
    ),
    Field(
        "remindBefore",
        duration(),
        "duration",
        "how long before that the owner is reminded; shorter than `rotateEvery`",
        "14d",
        default="14d",
    ),
    Field(
        "grace",
        duration(),
        "duration",
        "how long the previous value stays usable after a rotation; shorter than `rotateEvery`",
        "7d",
        default="7d",
    ),
    *VENDOR_FIELDS,
    Field(
        "secretName",
        secret_name,
        "secret name",
        "the name of the container; on aws it must not end in a hyphen and six letters or digits, on gcp it "
        "has letters, digits, hyphens, underscores and slashes, which become hyphens",
        "prod/anthropic-api-key",
        default_text="`ENVIRONMENT/KEY-api-key`",
    ),
    Field(
        "lockdown",
        boolean,
        "boolean",
        "on aws, deny the read to everybody but the listed readers and the break-glass role, administrators "
        "included; on gcp, take it from everybody else who was given it on the secret, not from those who "
        "have it on the whole project",
        "true",
        default_text="the environment's `lockdown`",
    ),
    Field(
        "replicas",
        list_of(region, "AWS regions"),
        "list of AWS regions",
        "further regions that hold a copy of the secret",
        "[eu-central-1]",
        default=[],
        only_on=Cloud.AWS,
        elsewhere="`gcp: {replication: […]}` says where all of them are stored",
    ),
    Field(
        "renamedFrom",
        former_names,
        "name, or list of names",
        "what this key was called before: its secret, alarms and metric keep that name, so that nothing is "
        "replaced; stays for as long as the key is there, after a second rename as a list, oldest name first",
        "claude",
    ),
    Field(
        "adopt",
        secret_arn,
        "secret ARN",
        "a secret that exists already under this key's name and is taken over as it is, with its values: run "
        "`pulumi up`, remove the field, and run it again for tags, description, encryption key and copies",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/anthropic-api-key-AbCdEf",
        only_on=Cloud.AWS,
    ),
)


@dataclass(frozen=True)
class Inherited:
    """What a key takes from its environment."""

    environment: str
    owner: str
    lockdown: bool
    region: str | None
    clouds: Collection[Cloud] | None  # None where they could not be read


def read_key(node: Node, name: str, inherited: Inherited) -> Key:
    """One key, with its defaults. Raises Reported when a field without default is missing or wrong."""
    record = read_record(node, FIELDS, clouds=inherited.clouds)
    env_var = _variable(node, record)
    check_vendor_fields(node, record)
    _check_times(node, record)
    _check_replicas(node, record, inherited.region)
    if env_var is None or not record.usable:
        raise Reported
    lockdown = record.get("lockdown")
    former: tuple[str, ...] = record.get("renamedFrom") or ()
    if "secretName" in record.values:
        check_secret_name(node.child("secretName", record.get("secretName")), inherited.clouds or ())
    stored_as = record.get("secretName") or names.secret_name(inherited.environment, (*former, name)[0])
    if record.sound("secretName", "renamedFrom"):
        _check_adopted(node, record, stored_as, inherited.region)
    return Key(
        name=name,
        vendor=str(record.get("vendor")),
        owner=record.get("owner") or inherited.owner,
        env_var=env_var,
        secret_name=stored_as,
        rotate_every=record.get("rotateEvery"),
        remind_before=record.get("remindBefore"),
        grace=record.get("grace"),
        value_format=record.get("format"),
        lockdown=inherited.lockdown if lockdown is None else lockdown,
        replicas=record.get("replicas"),
        former_names=former,
        adopt=record.get("adopt"),
        organization=record.get("organization"),
        workspace=record.get("workspace"),
        base_url=record.get("baseUrl"),
        check_url=record.get("checkUrl"),
        check_header=(record.get("checkHeader") or DEFAULT_CHECK_HEADER) if record.get("checkUrl") else None,
    )


def _variable(node: Node, record: Record) -> str | None:
    if not record.sound("envVar"):
        return None
    if record.get("envVar") in RESERVED_VARIABLES:
        node.child("envVar", record.get("envVar")).reject(
            "a variable of its own: programs and shells use this one for something else"
        )
        return None
    return key_variable(node, record)


def _check_times(node: Node, record: Record) -> None:
    for name in ("remindBefore", "grace"):
        if record.sound("rotateEvery", name) and not record.get(name) < record.get("rotateEvery"):
            given = isinstance(node.value, dict) and name in node.value
            node.child(name, None).reject(
                f"less than rotateEvery, which is {record.get('rotateEvery')}",
                f"`{record.get(name)}`{'' if given else ', the default'}",
            )


def _check_replicas(node: Node, record: Record, home: str | None) -> None:
    replicas = record.get("replicas") or ()
    if home is not None and home in replicas:
        node.child("replicas", list(replicas)).child(replicas.index(home), home).reject(
            "a region other than aws:region, which holds the secret itself"
        )


def _check_adopted(node: Node, record: Record, stored_as: str, home: str | None) -> None:
    """An adopted secret has to be the one that this key would otherwise make."""
    arn: str | None = record.get("adopt")
    if arn is None:
        return
    child = node.child("adopt", arn)
    _, _, _, its_region, _, _, its_name = arn.split(":", 6)
    its_name = its_name[: -names.ARN_SUFFIX_LENGTH]
    if home is not None and its_region != home:
        child.reject(f"a secret in the environment's region, {home}", f"a secret in {show(its_region)}")
    if its_name != stored_as:
        usable = names.LOOKS_LIKE_ARN_SUFFIX.fullmatch(its_name) is None
        way_out = f"; `secretName: {its_name}` gives this key the other name" if usable else ""
        child.reject(
            f"a secret with this key's name, {show(stored_as)}{way_out}",
            f"a secret with the name {show(its_name)}",
        )
