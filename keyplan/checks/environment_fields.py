"""The top-level fields of an environment's configuration."""

from __future__ import annotations

from keyplan.catalogue import Cloud, ReminderMode
from keyplan.checks.consumers import plain_variables
from keyplan.checks.fields import Field, boolean, choice, duration, entries, list_of, read_record, text
from keyplan.checks.formats import email, principal_arn, role_arn
from keyplan.checks.gcp import gcp_settings
from keyplan.checks.routes import routes
from keyplan.checks.vendors import vendor_endpoints
from keyplan.routes import Route

NOT_YET = "not supported yet in this version"
DEFAULT_CLOUDS = [Cloud.AWS.value]


CLAUDE_CODE_FIELDS = (
    Field(
        "route",
        choice(Route, {"federation": "for services and CI runners: people have no identity token"}),
        "route",
        "how Claude Code of people authenticates: `direct` (an API key), `gateway`, `bedrock`, `vertex`, "
        "`foundry` or `subscription` (each person's own login)",
        "direct",
        required=True,
    ),
    Field(
        "key",
        text(r".+", "the name of a key"),
        "key",
        "the key that it uses, with `direct` and `gateway`: of vendor anthropic or gateway",
        "anthropic",
        default_text="required with `direct` and `gateway`",
    ),
)

FIELDS = (
    Field(
        "environment",
        text(r".+", "the stack's name"),
        "text",
        "the environment's name; if it is given, it must be the stack's, so that a copied file is noticed",
        "prod",
        default_text="the stack's name",
    ),
    Field(
        "clouds",
        list_of(choice(Cloud, {"azure": NOT_YET}), "clouds", at_least=1),
        "list of clouds",
        "where the keys are stored: `aws`, `gcp` or both; people and CI runners that name no `cloud` read "
        "from the first",
        "[aws, gcp]",
        default=DEFAULT_CLOUDS,
    ),
    Field(
        "owner",
        email,
        "e-mail address",
        "who owns the environment: escalations, and the reminders of keys without an owner of their own",
        "platform@example.com",
        required=True,
    ),
    Field(
        "keys",
        entries,
        "mapping of keys",
        "the keys, by name",
        "{anthropic: {vendor: anthropic}}",
        required=True,
    ),
    Field(
        "consumers",
        entries,
        "mapping of consumers",
        "who reads them, by name",
        "{chat-api: {runtime: ecs, keys: [anthropic]}}",
        default={},
    ),
    Field(
        "env",
        plain_variables,
        "mapping of text",
        "plain variables of all consumers: models, limits, the environment's name; a consumer's own `env` "
        "wins",
        "{ANTHROPIC_MODEL: claude-sonnet-4-6, ANTHROPIC_ENV: production}",
        default={},
    ),
    Field(
        "routes",
        routes,
        "mapping of routes",
        "what the routes are made of that consumers and Claude Code take, by name",
        "{bedrock: {region: eu-west-1}}",
        default={},
    ),
    Field(
        "reminders",
        choice(ReminderMode),
        "`perKey` or `perEnvironment`",
        "`perKey`: two alarms for each key; "
        "`perEnvironment`: one alarm, whose message lists the keys, which is cheaper",
        "perEnvironment",
        default="perKey",
    ),
    Field(
        "escalateAfter",
        duration("1d"),
        "duration",
        "how long a key may be overdue before the environment's owner hears of it",
        "7d",
        default="7d",
    ),
    Field(
        "recoveryWindow",
        duration("7d", "30d", whole_days=True),
        "duration",
        "how long a deleted secret can be restored, on gcp a destroyed version of one; whole days, 7d to 30d",
        "7d",
        default="30d",
    ),
    Field(
        "protect",
        boolean,
        "boolean",
        "whether Pulumi refuses to delete secrets and encryption keys",
        "false",
        default=True,
    ),
    Field(
        "lockdown",
        boolean,
        "boolean",
        "the default of the keys' `lockdown`",
        "true",
        default=False,
    ),
    Field(
        "breakGlassRole",
        role_arn,
        "role ARN",
        "a role that lockdown leaves able to read; required with it",
        "arn:aws:iam::111122223333:role/break-glass",
        default_text="none",
        only_on=Cloud.AWS,
        elsewhere="the project's owners can let themselves read again",
    ),
    Field(
        "operators",
        list_of(role_arn, "role ARNs"),
        "list of role ARNs",
        "roles that may store values and never read them",
        "[arn:aws:iam::111122223333:role/on-call]",
        default=[],
        only_on=Cloud.AWS,
        elsewhere="they are named in `gcp: {operators: […]}`",
    ),
    Field(
        "auditors",
        list_of(principal_arn, "principal ARNs"),
        "list of ARNs",
        "principals that may assume the auditor role; with none, whoever the account's own policies let",
        "[arn:aws:iam::111122223333:role/security]",
        default=[],
        only_on=Cloud.AWS,
        elsewhere="they are named in `gcp: {auditors: […]}`",
    ),
    Field(
        "gcp",
        gcp_settings,
        "mapping",
        "what only Google Cloud has: replication, encryption keys, operators, auditors, logs of reads",
        "{operators: [group:on-call@example.com]}",
        default={},
        only_on=Cloud.GCP,
        elsewhere="it needs gcp in `clouds`, as in `clouds: [aws, gcp]`",
    ),
    Field(
        "vendorEndpoints",
        vendor_endpoints,
        "mapping of URLs",
        "where a vendor is asked about keys in place of its own address: an egress proxy that speaks for it, "
        "or the sandbox's vendor; only `anthropic` has one",
        "{anthropic: https://anthropic.egress.example.com}",
        default={},
    ),
    Field(
        "claudeCode",
        lambda node: read_record(node, CLAUDE_CODE_FIELDS),
        "mapping",
        "how Claude Code authenticates in this environment",
        "{route: direct, key: anthropic}",
        default_text="none",
    ),
)
