"""The keys of a catalogue: their fields, and what has to be true of one key by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from keyplan import names
from keyplan.catalogue import Cloud, Key
from keyplan.checks.fields import Field, Node, Record, boolean, choice, duration, list_of, read_record
from keyplan.checks.formats import (
    check_secret_name,
    email,
    former_names,
    region,
    regular_expression,
    secret_arn,
    secret_name,
    variable,
)
from keyplan.checks.pasted import show
from keyplan.checks.problems import Reported

ANTHROPIC_VARIABLE = "ANTHROPIC_API_KEY"
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
    | {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    | {"CLOUDSDK_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"}
)


class Vendor(StrEnum):
    """Whose key it is."""

    ANTHROPIC = "anthropic"
    GENERIC = "generic"


FIELDS = (
    Field(
        "vendor",
        choice(Vendor),
        "`anthropic` or `generic`",
        "whose key it is; `generic` is any other vendor",
        "anthropic",
        required=True,
    ),
    Field(
        "envVar",
        variable,
        "variable name",
        "the environment variable that programs read the key from, and the field's name in the stored JSON",
        "OPENROUTER_API_KEY",
        default_text=f"`{ANTHROPIC_VARIABLE}` for anthropic; required for generic",
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
    Field(
        "format",
        regular_expression,
        "regular expression",
        "what a value has to match as a whole; only for generic, Anthropic's format is known",
        "sk-or-v1-[0-9a-f]{64}",
        default_text="any value",
    ),
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
    _check_format(node, record)
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
    )


def _variable(node: Node, record: Record) -> str | None:
    if not record.sound("envVar"):
        return None
    given: str | None = record.get("envVar")
    child = node.child("envVar", given)
    if given in RESERVED_VARIABLES:
        child.reject("a variable of its own: programs and shells use this one for something else")
        return None
    if record.get("vendor") is Vendor.ANTHROPIC:
        if given == "ANTHROPIC_AUTH_TOKEN":
            child.reject(
                "a variable for an API key; ANTHROPIC_AUTH_TOKEN holds the token of a gateway",
                suggestion=ANTHROPIC_VARIABLE,
            )
        return given or ANTHROPIC_VARIABLE
    if given is None and record.get("vendor") is Vendor.GENERIC:
        child.reject("the variable that programs read this key from, as in `OPENROUTER_API_KEY`")
    return given


def _check_format(node: Node, record: Record) -> None:
    if record.get("vendor") is Vendor.ANTHROPIC and "format" in record.values:
        node.child("format", record.get("format")).reject(
            "no format for vendor anthropic: its format is known and checked"
        )


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
