"""Each mistake is reported where it is, with what was found, what is allowed and the nearest "
"right spelling."""

from collections.abc import Callable

import pytest

Mistakes = Callable[..., list[str]]

DURATION = "a whole number and h, d or w, as in `12h`, `90d` or `2w`"
EMAIL = "an e-mail address, as in `team@example.com`"
NAME = "lower-case letters, digits and hyphens, beginning with a letter and not ending in a hyphen"
REGION = "an AWS region, as in `eu-west-1`"
ROLE = "the ARN of one IAM role, as in `arn:aws:iam::111122223333:role/NAME`, without wildcards"
RUNTIMES = (
    "ecs, lambda, ec2, eks, iam-role, codebuild, cloud-run, cloud-run-job, gke, compute-engine, cloud-build, "
    "people, github-actions, gitlab-ci, circleci, buildkite, bitbucket-pipelines, azure-pipelines, jenkins "
    "or pulumi-deployments"
)
KEY_FIELDS = (
    "vendor, envVar, owner, rotateEvery, remindBefore, grace, format, organization, workspace, baseUrl, "
    "checkUrl, checkHeader, secretName, lockdown, replicas, renamedFrom, adopt"
)
TOP_FIELDS = (
    "environment, clouds, owner, keys, consumers, env, routes, reminders, escalateAfter, recoveryWindow, "
    "protect, lockdown, "
    "breakGlassRole, operators, auditors, gcp, vendorEndpoints, claudeCode"
)

MISTAKES = {
    "unknown field of the environment": (
        "konsumers: {}",
        [f"konsumers: found an unknown field; allowed: one of {TOP_FIELDS}; did you mean `consumers`?"],
    ),
    "unknown field of a key, in another spelling": (
        "keys: {anthropic: {rotate_every: 90d}}",
        [
            "keys.anthropic.rotate_every: found an unknown field; "
            f"allowed: one of {KEY_FIELDS}; did you mean `rotateEvery`?"
        ],
    ),
    "unknown field of a consumer": (
        "consumers: {chat: {reedAt: start}}",
        [
            "consumers.chat.reedAt: found an unknown field; "
            "allowed: one of runtime, keys, route, federation, env, renamedFrom, readAt, roleArn, "
            "ecsCluster, ecsService; did you mean `readAt`?"
        ],
    ),
    "field of another runtime": (
        "consumers: {chat: {repository: example/evals}}",
        [
            "consumers.chat.repository: found an unknown field; "
            "allowed: no `repository` with runtime ecs; it belongs to github-actions, "
            "circleci"
        ],
    ),
    "field of several other runtimes": (
        "consumers: {chat: {branches: [main]}}",
        [
            "consumers.chat.branches: found an unknown field; "
            "allowed: no `branches` with runtime ecs; it belongs to github-actions, gitlab-ci, "
            "circleci, buildkite, bitbucket-pipelines, azure-pipelines, jenkins"
        ],
    ),
    "unknown field of claudeCode": (
        "claudeCode: {route: direct, key: anthropic, model: x}",
        ["claudeCode.model: found an unknown field; allowed: one of route, key"],
    ),
    "no owner": (
        "owner: (gone)",
        ["owner: found nothing; allowed: e-mail address, as in `platform@example.com`"],
    ),
    "owner with a display name": (
        "owner: Platform <platform@example.com>",
        [
            "owner: found `Platform <platform@example.com>`; "
            f"allowed: {EMAIL}; did you mean `platform@example.com`?"
        ],
    ),
    "owner of a key that is a team's name": (
        "keys: {anthropic: {owner: ml-team}}",
        [f"keys.anthropic.owner: found `ml-team`; allowed: {EMAIL}"],
    ),
    "owner that no tag can hold": (
        "owner: o'brien@example.com",
        [f"owner: found `o'brien@example.com`; allowed: {EMAIL}"],
    ),
    "no keys": (
        "keys: (gone)",
        ["keys: found nothing; allowed: mapping of keys, as in `{anthropic: {vendor: anthropic}}`"],
    ),
    "empty keys": (
        "keys: {}",
        ["keys: found an empty mapping; allowed: at least one key, as in `{anthropic: {vendor: anthropic}}`"],
    ),
    "keys that are a list": (
        "keys: [anthropic]",
        ["keys: found a list; allowed: a mapping of names to values"],
    ),
    "key without anything": (
        "keys: {anthropic: null}",
        ["keys.anthropic: found nothing; allowed: a mapping of names to values"],
    ),
    "key with a number as name": (
        "keys: {7: {vendor: anthropic}}",
        ["keys: found `7` as a name; allowed: text as a name; put it in quotes"],
    ),
    "key with capitals": (
        "keys: {Router_Two: {vendor: anthropic}}",
        [f"keys.Router_Two: found `Router_Two` as a name; allowed: {NAME}; did you mean `router-two`?"],
    ),
    "key that ends in a hyphen": (
        "keys: {router-: {vendor: anthropic}}",
        [f"keys.router-: found `router-` as a name; allowed: {NAME}; did you mean `router`?"],
    ),
    "vendor misspelt": (
        "keys: {anthropic: {vendor: antropic}}",
        [
            "keys.anthropic.vendor: found `antropic`; allowed: anthropic, anthropic-admin, gateway "
            "or generic; did you mean `anthropic`?"
        ],
    ),
    "generic key without a variable": (
        "keys: {router: {envVar: (gone)}}",
        [
            "keys.router.envVar: found nothing; "
            "allowed: the variable that programs read this key from, as in `OPENROUTER_API_KEY`"
        ],
    ),
    "variable with a hyphen": (
        "keys: {router: {envVar: router-key}}",
        [
            "keys.router.envVar: found `router-key`; allowed: the name of an environment variable: letters, "
            "digits and underscores, not beginning with a digit; did you mean `ROUTER_KEY`?"
        ],
    ),
    "variable that a shell uses": (
        "keys: {router: {envVar: PATH}}",
        [
            "keys.router.envVar: found `PATH`; "
            "allowed: a variable of its own: programs and shells use this one for something else"
        ],
    ),
    "Anthropic key in the variable of a gateway's token": (
        "keys: {anthropic: {envVar: ANTHROPIC_AUTH_TOKEN}}",
        [
            "keys.anthropic.envVar: found `ANTHROPIC_AUTH_TOKEN`; allowed: a variable for an API key; "
            "ANTHROPIC_AUTH_TOKEN holds the token of a gateway; did you mean `ANTHROPIC_API_KEY`?"
        ],
    ),
    "duration without a unit": (
        "keys: {anthropic: {rotateEvery: 90}}",
        [f"keys.anthropic.rotateEvery: found `90`; allowed: {DURATION}, at least 1d; did you mean `90d`?"],
    ),
    "duration in words": (
        "keys: {anthropic: {rotateEvery: 2 Weeks}, router: {grace: soon}}",
        [
            f"keys.anthropic.rotateEvery: found `2 Weeks`; allowed: {DURATION}, at least 1d; did "
            "you mean `2w`?",
            f"keys.router.grace: found `soon`; allowed: {DURATION}, at least 1h",
        ],
    ),
    "reminder that would come before the key exists": (
        "keys: {anthropic: {rotateEvery: 14d}}",
        [
            "keys.anthropic.remindBefore: found `14d`, the default; allowed: less than "
            "rotateEvery, which is 14d"
        ],
    ),
    "grace as long as the rotation": (
        "keys: {anthropic: {grace: 90d}}",
        ["keys.anthropic.grace: found `90d`; allowed: less than rotateEvery, which is 90d"],
    ),
    "format of an Anthropic key": (
        "keys: {anthropic: {format: 'x+'}}",
        [
            "keys.anthropic.format: found `x+`; "
            "allowed: no format for vendor anthropic: its format is known and checked"
        ],
    ),
    "format that does not compile": (
        "keys: {router: {format: 'rk-['}}",
        [
            "keys.router.format: found `rk-[`; "
            "allowed: a regular expression that Python's re understands (character 4)"
        ],
    ),
    "format that accepts everything": (
        "keys: {router: {format: '.*'}}",
        [
            "keys.router.format: found `.*`; "
            "allowed: a regular expression that a value has to match; this one accepts empty text"
        ],
    ),
    "secret name that looks like the ending of an ARN": (
        "keys: {router: {secretName: prod/router-secret}}",
        [
            "keys.router.secretName: found `prod/router-secret`; allowed: a name that does not "
            "end in a hyphen "
            "and six letters or digits: AWS adds such an ending to every secret's ARN, and "
            "policies would take "
            "this name for another secret's ARN; did you mean `prod/router-secret-key`?"
        ],
    ),
    "secret name with a space": (
        "keys: {router: {secretName: prod router}}",
        ["keys.router.secretName: found `prod router`; allowed: at most 512 letters, digits and /_+=.@-"],
    ),
    "two keys with one secret": (
        "keys: {router: {secretName: prod/anthropic-api-key}}",
        [
            "keys.router.secretName: found `prod/anthropic-api-key`; "
            "allowed: a name of its own; the key anthropic is stored under this one"
        ],
    ),
    "replicas at home, misspelt and twice": (
        "keys: {anthropic: {replicas: [eu-west-1, us-east-1]}, "
        "router: {replicas: [eu_central_1, us-east-1, us-east-1]}}",
        [
            "keys.anthropic.replicas[0]: found `eu-west-1`; "
            "allowed: a region other than aws:region, which holds the secret itself",
            f"keys.router.replicas[0]: found `eu_central_1`; allowed: {REGION}; did you mean `eu-central-1`?",
            "keys.router.replicas[2]: found `us-east-1` a second time; allowed: each once",
        ],
    ),
    "boolean in quotes": (
        "keys: {router: {lockdown: 'no'}}",
        ["keys.router.lockdown: found `no`; allowed: true or false, without quotes; did you mean `false`?"],
    ),
    "consumer of an unknown key": (
        "consumers: {chat: {keys: [antropic]}}",
        [
            "consumers.chat.keys[0]: found `antropic`; "
            "allowed: one of the keys anthropic, router; did you mean `anthropic`?"
        ],
    ),
    "consumer without keys": (
        "consumers: {chat: {keys: []}}",
        [
            "consumers.chat.keys: found an empty list; allowed: a list of keys, at least one, as in "
            "`[anthropic]`; or a `route` that needs none"
        ],
    ),
    "consumer with keys as text": (
        "consumers: {chat: {keys: anthropic}}",
        ["consumers.chat.keys: found `anthropic`; allowed: a list of keys; did you mean `[anthropic]`?"],
    ),
    "runtime shortened": (
        "consumers: {chat: {runtime: github}}",
        [f"consumers.chat.runtime: found `github`; allowed: {RUNTIMES}; did you mean `github-actions`?"],
    ),
    "no runtime": (
        "consumers: {chat: {runtime: (gone), readAt: start}}",
        ["consumers.chat.runtime: found nothing; allowed: runtime, as in `ecs`"],
    ),
    "two keys with one variable in one consumer": (
        "keys: {second: {vendor: anthropic}}\nconsumers: {chat: {keys: [anthropic, second]}}",
        [
            "consumers.chat.keys: found anthropic and second, which both set ANTHROPIC_API_KEY; "
            "allowed: keys "
            "with different variables: give one of them its own `envVar`, or make two consumers"
        ],
    ),
    "plain variable with a key's name": (
        "consumers: {chat: {keys: [router], env: {ROUTER_API_KEY: x}}}",
        [
            "consumers.chat.env.ROUTER_API_KEY: found ROUTER_API_KEY as a plain variable; "
            "allowed: no plain variable of this name: it holds the key router"
        ],
    ),
    "credentials as plain variables": (
        "consumers: {chat: {env: {ANTHROPIC_API_KEY: a, ANTHROPIC_AUTH_TOKEN: b, AWS_SECRET_ACCESS_KEY: c}}}",
        [
            "consumers.chat.env.ANTHROPIC_API_KEY: found ANTHROPIC_API_KEY as a plain variable; "
            "allowed: no API key in plain text: describe it under `keys`, store it with `keyplan put`",
            "consumers.chat.env.ANTHROPIC_AUTH_TOKEN: found ANTHROPIC_AUTH_TOKEN as a plain variable; "
            "allowed: no token in plain text; in most clients it would also win over the key",
            "consumers.chat.env.AWS_SECRET_ACCESS_KEY: found AWS_SECRET_ACCESS_KEY as a plain variable; "
            "allowed: no cloud credential: a consumer reads with the identity of its runtime",
        ],
    ),
    "plain variables that are no text": (
        'consumers: {chat: {env: {DEBUG: true, RATE: 0.5, PARTS: {a: b}, LINES: "a\\nb"}}}',
        [
            'consumers.chat.env.DEBUG: found `true`; allowed: text; put it in quotes; did you mean `"true"`?',
            'consumers.chat.env.RATE: found `0.5`; allowed: text; put it in quotes; did you mean `"0.5"`?',
            "consumers.chat.env.PARTS: found a mapping; allowed: text",
            "consumers.chat.env.LINES: found text with control characters; "
            "allowed: text without line breaks and control characters",
        ],
    ),
    "consumers with names that keyplan takes": (
        "consumers: {keyplan: {runtime: ecs, keys: [router]}, keyplan-x: {runtime: people, keys: [router]}}",
        [
            "consumers.keyplan: found `keyplan`; "
            "allowed: another name: keyplan makes ENVIRONMENT-keyplan-… for itself",
            "consumers.keyplan-x: found `keyplan-x`; "
            "allowed: another name: keyplan makes ENVIRONMENT-keyplan-… for itself",
        ],
    ),
    "lockdown without a way back": (
        "lockdown: true\nconsumers: {chat: {runtime: people}}",
        [
            "consumers.chat.permissionSet: found nothing; allowed: the permission set of these people; "
            "without it they are shut out by the lockdown of anthropic",
            "breakGlassRole: found nothing; allowed: the ARN of a role that stays able to read: "
            "with lockdown "
            "of anthropic, router and without such a role, a wrong list of readers would leave nobody",
        ],
    ),
    "break-glass role of a session": (
        "breakGlassRole: 'arn:aws:sts::111122223333:assumed-role/admin/ann'",
        [
            "breakGlassRole: found `arn:aws:sts::111122223333:assumed-role/admin/ann`; "
            f"allowed: {ROLE}; did you mean `arn:aws:iam::111122223333:role/admin`?"
        ],
    ),
    "operators with a wildcard and a user": (
        "operators: ['arn:aws:iam::111122223333:role/*', 'arn:aws:iam::111122223333:user/ann']",
        [
            f"operators[0]: found `arn:aws:iam::111122223333:role/*`; allowed: {ROLE}",
            f"operators[1]: found `arn:aws:iam::111122223333:user/ann`; allowed: {ROLE}",
        ],
    ),
    "everybody as auditor": (
        "auditors: ['*']",
        [
            "auditors[0]: found `*`; "
            "allowed: the ARN of an IAM role, a user or an account's root, without wildcards"
        ],
    ),
    "clouds that are not there yet, and misspelt": (
        "clouds: [azure, awss]",
        [
            "clouds[0]: found `azure`; allowed: aws or gcp (azure is not supported yet in this version)",
            "clouds[1]: found `awss`; allowed: aws or gcp; did you mean `aws`?",
        ],
    ),
    "environment of a copied file": (
        "environment: dev",
        ["environment: found `dev`; allowed: the stack's name, or nothing; did you mean `prod`?"],
    ),
    "recovery window too long": (
        "recoveryWindow: 31d",
        [f"recoveryWindow: found `31d`; allowed: {DURATION}, 7d to 30d"],
    ),
    "recovery window with a fraction of a day": (
        "recoveryWindow: 169h",
        ["recoveryWindow: found `169h`; allowed: whole days, 7d to 30d"],
    ),
    "reminders in another spelling": (
        "reminders: per-key",
        ["reminders: found `per-key`; allowed: perKey or perEnvironment; did you mean `perKey`?"],
    ),
    "Claude Code with an unknown key": (
        "claudeCode: {route: direct, key: anthropc}",
        ["claudeCode.key: found `anthropc`; allowed: a key of this catalogue; did you mean `anthropic`?"],
    ),
    "Claude Code with another vendor's key": (
        "claudeCode: {route: direct, key: router}",
        ["claudeCode.key: found `router`; allowed: a key of vendor anthropic"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_with_its_path_and_the_way_out(
    mistakes_of: Mistakes, change: str, expected: list[str]
) -> None:
    assert mistakes_of(change) == expected


def test_the_mistakes_of_all_parts_are_reported_in_one_run(mistakes_of: Mistakes) -> None:
    rows = [
        "owner of a key that is a team's name",
        "format that does not compile",
        "runtime shortened",
        "reminders in another spelling",
        "Claude Code with another vendor's key",
        "everybody as auditor",
    ]
    together = "\n".join(
        (
            "keys: {anthropic: {owner: ml-team}, router: {format: 'rk-['}}",
            "consumers: {chat: {runtime: github}}",
            "reminders: per-key",
            "claudeCode: {route: direct, key: router}",
            "auditors: ['*']",
        )
    )
    assert set(mistakes_of(together)) == {line for row in rows for line in MISTAKES[row][1]}


STACK_NAMES = {
    "capitals": ("Prod", f"environment: found a stack's name that no environment can have; allowed: {NAME}"),
    "a hyphen at the end": (
        "prod-",
        f"environment: found a stack's name that no environment can have; allowed: {NAME}",
    ),
    "41 characters": (
        "e" * 41,
        "environment: found a stack's name of 41 characters; allowed: at most 40 characters",
    ),
}


@pytest.mark.parametrize(("name", "expected"), STACK_NAMES.values(), ids=STACK_NAMES)
def test_a_stack_whose_name_no_environment_can_have_is_refused(
    mistakes_of: Mistakes, name: str, expected: str
) -> None:
    assert expected in mistakes_of("{}", name)


def test_the_longest_names_are_allowed_and_one_more_character_is_not(mistakes_of: Mistakes) -> None:
    consumer = "c" * 52  # prod-…-reader: 64 characters
    assert mistakes_of(f"consumers: {{{consumer}: {{runtime: ecs, keys: [router]}}}}") == []
    assert mistakes_of(f"consumers: {{{consumer}c: {{runtime: ecs, keys: [router]}}}}") == [
        f"consumers.{consumer}c: found a name of 53 characters; allowed: at most 52 characters: "
        "ENVIRONMENT-CONSUMER-reader has to be a role's name, which has at most 64"
    ]
    assert mistakes_of(f"consumers: {{{'c' * 64}: {{runtime: people, keys: [router]}}}}") == [], (
        "no role is made"
    )
    assert mistakes_of(f"keys: {{{'k' * 64}: {{vendor: anthropic}}}}") == []
    assert mistakes_of(f"keys: {{{'k' * 65}: {{vendor: anthropic}}}}") == [
        f"keys.{'k' * 60}…: found a name of 65 characters; allowed: at most 64 characters"
    ]


def test_without_a_region_replicas_are_not_compared_with_it(catalogue_of: Callable[..., object]) -> None:
    assert catalogue_of("keys: {anthropic: {replicas: [eu-west-1]}}", region=None)
