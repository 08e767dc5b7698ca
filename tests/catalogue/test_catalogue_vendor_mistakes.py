"""Each mistake about vendors, where a key belongs, gateways' pairs and restarts, with its way out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.catalogue import Catalogue
from keyplan.checks import parse_catalogue
from keyplan.endpoints import URL_LENGTH_MAX, url_mistake
from keyplan.errors import CatalogueError
from tests.catalogue.vendor_texts import ADMIN, GATEWAY, HIDDEN, ORGANIZATION, URL

Read = Callable[..., Catalogue]
Mistakes = Callable[..., list[str]]


def belongs(field: str, vendor: str, owners: str) -> str:
    return f"no `{field}` with vendor {vendor}; it belongs to {owners}"


def together(key: str, gateway: str, variable: str = "ANTHROPIC_BASE_URL") -> str:
    return (
        f"found {key} together with {gateway}; allowed: keys that may go to one host: {variable} says "
        "where a "
        f"program sends both, so the gateway of {gateway} would get {key}; give {gateway} a variable of its "
        "own, as in `envVar: GATEWAY_TOKEN`, or make two consumers"
    )


MISTAKES = {
    "admin key, misspelt": (
        "keys: {admin: {vendor: anthropic_admin}}",
        [
            "keys.admin.vendor: found `anthropic_admin`; allowed: anthropic, anthropic-admin, gateway or "
            "generic; did you mean `anthropic-admin`?"
        ],
    ),
    "gateway without an address": (
        "keys: {gate: {vendor: gateway}}",
        [
            "keys.gate.baseUrl: found nothing; allowed: the gateway's address, as in "
            "`https://llm.example.com`: a "
            "token belongs to one host"
        ],
    ),
    "address misspelt": (
        "keys: {gate: {vendor: gateway, base_url: 'https://llm.example.com'}}",
        [
            "keys.gate.base_url: found an unknown field; allowed: one of vendor, envVar, owner, rotateEvery, "
            "remindBefore, grace, format, organization, workspace, baseUrl, checkUrl, checkHeader, "
            "secretName, "
            "lockdown, replicas, renamedFrom, adopt; did you mean `baseUrl`?",
            "keys.gate.baseUrl: found nothing; allowed: the gateway's address, as in "
            "`https://llm.example.com`: a "
            "token belongs to one host",
        ],
    ),
    "address with a slash at its end": (
        "keys: {gate: {vendor: gateway, baseUrl: 'https://llm.example.com/'}}",
        [
            f"keys.gate.baseUrl: found `https://llm.example.com/`; allowed: {URL}; "
            "did you mean `https://llm.example.com`?"
        ],
    ),
    "address without a scheme": (
        "keys: {router: {checkUrl: router.example/v1/key}}",
        [
            f"keys.router.checkUrl: found `router.example/v1/key`; allowed: {URL}; "
            "did you mean `https://router.example/v1/key`?"
        ],
    ),
    "plain http to another machine": (
        "keys: {gate: {vendor: gateway, baseUrl: 'http://llm.example.com'}}",
        [
            "keys.gate.baseUrl: found `http://llm.example.com`; allowed: plain http is for this machine only "
            "(127.0.0.1, [::1] or localhost): use https; did you mean `https://llm.example.com`?"
        ],
    ),
    "address with a password, which is not shown": (
        "keys: {gate: {vendor: gateway, baseUrl: 'https://ann:hunter2@llm.example.com'}}",
        [f"keys.gate.baseUrl: found {HIDDEN}; allowed: {URL}; did you mean `https://llm.example.com`?"],
    ),
    "address with a token in its query, which is not shown": (
        "keys: {router: {checkUrl: 'https://router.example/v1/key?token=hunter2'}}",
        [
            f"keys.router.checkUrl: found {HIDDEN}; allowed: {URL}; did you mean "
            "`https://router.example/v1/key`?"
        ],
    ),
    "address that ends where clients begin": (
        "keys: {gate: {vendor: gateway, baseUrl: 'https://llm.example.com/anthropic/v1/messages'}}",
        [
            "keys.gate.baseUrl: found `https://llm.example.com/anthropic/v1/messages`; allowed: the "
            "gateway's "
            "address without `/v1`, which clients add themselves; did you mean "
            "`https://llm.example.com/anthropic`?"
        ],
    ),
    "address that is no text": (
        "keys: {gate: {vendor: gateway, baseUrl: 4000}}",
        ["keys.gate.baseUrl: found `4000`; allowed: https://HOST, with or without a path"],
    ),
    "fields of other vendors": (
        "keys: {anthropic: {baseUrl: 'https://a.example', checkUrl: 'https://a.example'}, "
        f"router: {{organization: {ORGANIZATION}, workspace: wrkspc_1}}, "
        "gate: {vendor: gateway, baseUrl: 'https://a.example', checkHeader: x-api-key}, "
        "admin: {vendor: anthropic-admin, workspace: wrkspc_1, format: 'x+'}}",
        [
            "keys.admin.format: found `x+`; allowed: no format for vendor anthropic-admin: its format is "
            "known "
            "and checked",
            f"keys.admin.workspace: found `wrkspc_1`; allowed: "
            f"{belongs('workspace', 'anthropic-admin', 'anthropic')}",
            f"keys.anthropic.baseUrl: found `https://a.example`; allowed: "
            f"{belongs('baseUrl', 'anthropic', 'gateway')}",
            "keys.anthropic.checkUrl: found `https://a.example`; "
            f"allowed: {belongs('checkUrl', 'anthropic', 'generic')}",
            f"keys.gate.checkHeader: found `x-api-key`; allowed: "
            f"{belongs('checkHeader', 'gateway', 'generic')}",
            "keys.gate.checkUrl: found nothing; allowed: the address that `checkHeader` is for",
            f"keys.router.organization: found `{ORGANIZATION}`; "
            f"allowed: {belongs('organization', 'generic', 'anthropic and anthropic-admin')}",
            f"keys.router.workspace: found `wrkspc_1`; allowed: "
            f"{belongs('workspace', 'generic', 'anthropic')}",
        ],
    ),
    "another vendor's field that is wrong as well, and not shown": (
        "keys: {anthropic: {baseUrl: 'https://ann:hunter2@llm.example.com'}}",
        [
            f"keys.anthropic.baseUrl: found {HIDDEN}; allowed: {URL}; did you mean "
            "`https://llm.example.com`?",
            "keys.anthropic.baseUrl: found a field of another vendor; "
            f"allowed: {belongs('baseUrl', 'anthropic', 'gateway')}",
        ],
    ),
    "organization in capitals": (
        f"keys: {{anthropic: {{organization: {ORGANIZATION.upper()}}}}}",
        [
            f"keys.anthropic.organization: found `{ORGANIZATION.upper()}`; allowed: the organization's id, "
            "a UUID in "
            f"lower case, as the Console's settings show it; did you mean `{ORGANIZATION}`?"
        ],
    ),
    "workspace by its address in the Console": (
        "keys: {anthropic: {workspace: 'workspaces/wrkspc_1a'}}",
        [
            "keys.anthropic.workspace: found `workspaces/wrkspc_1a`; allowed: the workspace's id, as in "
            "`wrkspc_…`; did you mean `wrkspc_1a`?"
        ],
    ),
    "header with its value": (
        "keys: {router: {checkUrl: 'https://r.example', checkHeader: 'x_api_key: '}}",
        [
            "keys.router.checkHeader: found `x_api_key: `; allowed: the name of an HTTP header, as in "
            "`x-api-key`; "
            "`Authorization` takes the value as a Bearer token; did you mean `x-api-key`?"
        ],
    ),
    "header that is for something else": (
        "keys: {router: {checkUrl: 'https://r.example', checkHeader: Host}}",
        [
            "keys.router.checkHeader: found `Host`; allowed: a header for credentials, as in `x-api-key`: "
            "this one is "
            "for something else"
        ],
    ),
    "header without an address": (
        "keys: {router: {checkHeader: x-api-key}}",
        ["keys.router.checkUrl: found nothing; allowed: the address that `checkHeader` is for"],
    ),
    "admin key where programs look for an API key": (
        "keys: {admin: {vendor: anthropic-admin, envVar: ANTHROPIC_API_KEY}}",
        [
            "keys.admin.envVar: found `ANTHROPIC_API_KEY`; allowed: a variable for an Admin API key; "
            "ANTHROPIC_API_KEY holds an API key; did you mean `ANTHROPIC_ADMIN_API_KEY`?"
        ],
    ),
    "API key where tools look for an admin key": (
        "keys: {anthropic: {envVar: ANTHROPIC_ADMIN_KEY}}",
        [
            "keys.anthropic.envVar: found `ANTHROPIC_ADMIN_KEY`; allowed: a variable for an API key; "
            "ANTHROPIC_ADMIN_KEY holds an Admin API key; did you mean `ANTHROPIC_API_KEY`?"
        ],
    ),
    "key in the variable of an address": (
        GATEWAY % ", envVar: ANTHROPIC_BASE_URL",
        [
            "keys.gate.envVar: found `ANTHROPIC_BASE_URL`; allowed: a variable of its own: programs and "
            "shells use "
            "this one for something else"
        ],
    ),
    "admin key for a service": (
        f"{ADMIN}\nconsumers: {{chat: {{keys: [anthropic, admin]}}}}",
        [
            "consumers.chat.keys[1]: found admin, a key of vendor anthropic-admin; allowed: no Admin API "
            "key for a "
            "service: with it, whoever gets into the service manages every key, workspace and member of the "
            "organization; people and CI runners may read it"
        ],
    ),
    "admin key in plain text": (
        "consumers: {chat: {env: {ANTHROPIC_ADMIN_KEY: x}}}",
        [
            "consumers.chat.env.ANTHROPIC_ADMIN_KEY: found ANTHROPIC_ADMIN_KEY as a plain variable; "
            "allowed: no "
            "Admin API key in plain text: describe it under `keys`, store it with `keyplan put`"
        ],
    ),
    "gateway and API key in one program": (
        GATEWAY % "" + "\nconsumers: {chat: {keys: [anthropic, gate]}}",
        [f"consumers.chat.keys: {together('anthropic', 'gate')}"],
    ),
    "gateway and an API key in a variable of its own": (
        "keys: {anthropic: {envVar: EVALS_KEY}, gate: {vendor: gateway, baseUrl: "
        "'https://llm.example.com'}}\n"
        "consumers: {chat: {keys: [anthropic, gate]}}",
        [f"consumers.chat.keys: {together('anthropic', 'gate')}"],
    ),
    "two gateways in one program": (
        "keys: {gate: {vendor: gateway, baseUrl: 'https://a.example'}, other: {vendor: gateway, "
        "envVar: ANTHROPIC_API_KEY, baseUrl: 'https://b.example'}}\nconsumers: {chat: {keys: [other, gate]}}",
        [f"consumers.chat.keys: {together('gate', 'other')}"],
    ),
    "two gateways in one variable": (
        "keys: {gate: {vendor: gateway, baseUrl: 'https://a.example'}, "
        "other: {vendor: gateway, baseUrl: 'https://b.example'}}\nconsumers: {chat: {keys: [gate, other]}}",
        [
            "consumers.chat.keys: found gate and other, which both set ANTHROPIC_AUTH_TOKEN; allowed: keys "
            "with "
            "different variables: give one of them its own `envVar`, or make two consumers"
        ],
    ),
    "gateway beside a key that its address would take along": (
        GATEWAY % ", envVar: ROUTER_TOKEN" + "\nconsumers: {chat: {keys: [router, gate]}}",
        [f"consumers.chat.keys: {together('router', 'gate', 'ROUTER_BASE_URL')}"],
    ),
    "key in the variable of a gateway's address": (
        "keys: {gate: {vendor: gateway, baseUrl: 'https://a.example', envVar: MY_TOKEN}, "
        "router: {envVar: MY_BASE_URL}}\nconsumers: {chat: {keys: [router, gate]}}",
        [f"consumers.chat.keys: {together('router', 'gate', 'MY_BASE_URL')}"],
    ),
    "another address than the gateway's": (
        GATEWAY % ""
        + "\nconsumers: {chat: {keys: [gate], env: {ANTHROPIC_BASE_URL: 'https://old.example.com'}}}",
        [
            "consumers.chat.env.ANTHROPIC_BASE_URL: found an address that is not that of its gateway; "
            "allowed: "
            "nothing, or the `baseUrl` of the gateway whose token this consumer reads"
        ],
    ),
    "endpoint of another vendor": (
        "vendorEndpoints: {antropic: 'https://a.example', gateway: 'https://a.example'}",
        [
            "vendorEndpoints.antropic: found `antropic` as a vendor; allowed: `anthropic`; did you mean "
            "`anthropic`?",
            "vendorEndpoints.gateway: found `gateway` as a vendor; allowed: `anthropic`; its keys name "
            "their own "
            "address",
        ],
    ),
    "endpoint with a path": (
        "vendorEndpoints: {anthropic: 'https://egress.example.com/anthropic'}",
        [
            "vendorEndpoints.anthropic: found `https://egress.example.com/anthropic`; allowed: "
            "https://HOST, or "
            "http://127.0.0.1:PORT for a sandbox, without a path; did you mean `https://egress.example.com`?"
        ],
    ),
    "endpoints that are no mapping": (
        "vendorEndpoints: 'https://egress.example.com'",
        ["vendorEndpoints: found `https://egress.example.com`; allowed: a mapping of names to values"],
    ),
    "cluster without a service": (
        "consumers: {chat: {ecsCluster: main}}",
        [
            "consumers.chat.ecsService: found nothing; allowed: both or neither: `ecsCluster` alone does "
            "not say "
            "what to deploy again"
        ],
    ),
    "service without a cluster": (
        "consumers: {chat: {ecsService: chat}}",
        [
            "consumers.chat.ecsCluster: found nothing; allowed: both or neither: `ecsService` alone does "
            "not say "
            "what to deploy again"
        ],
    ),
    "names that are ARNs": (
        "consumers: {chat: {ecsCluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/main', ecsService: "
        "chat}, "
        "job: {runtime: lambda, keys: [router], functionName: "
        "'arn:aws:lambda:eu-west-1:111122223333:function:job'}}",
        [
            "consumers.chat.ecsCluster: found `arn:aws:ecs:eu-west-1:111122223333:cluster/main`; allowed: "
            "a name of "
            "letters, digits, `_` and `-`, without ARN; did you mean `main`?",
            "consumers.job.functionName: found `arn:aws:lambda:eu-west-1:111122223333:function:job`; "
            "allowed: the "
            "name of a Lambda function, without ARN and version; did you mean `job`?",
        ],
    ),
    "restart of another runtime": (
        "consumers: {chat: {functionName: chat, deployment: chat}}",
        [
            "consumers.chat.deployment: found an unknown field; allowed: no `deployment` with runtime ecs; "
            "it "
            "belongs to eks, gke",
            "consumers.chat.functionName: found an unknown field; allowed: no `functionName` with runtime "
            "ecs; it "
            "belongs to lambda",
        ],
    ),
    "function of a virtual machine": (
        "consumers: {chat: {runtime: ec2, functionName: chat}}",
        [
            "consumers.chat.functionName: found an unknown field; allowed: no `functionName` with runtime "
            "ec2; it "
            "belongs to lambda"
        ],
    ),
}


@pytest.mark.parametrize(("change", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_with_its_path_and_the_way_out(
    mistakes_of: Mistakes, change: str, expected: list[str]
) -> None:
    found = mistakes_of(change)
    assert sorted(found) == sorted(expected)
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize(
    ("key", "mistake"),
    [
        ("vendor: gateway, baseUrl", "keys.k.baseUrl"),
        ("vendor: generic, envVar: K, checkUrl", "keys.k.checkUrl"),
    ],
)
def test_a_pasted_key_in_an_address_is_never_shown(
    mistakes_of: Mistakes, fake_key: str, key: str, mistake: str
) -> None:
    found = mistakes_of(f"keys: {{k: {{{key}: 'https://r.example/{fake_key}'}}}}")
    assert [each for each in found if fake_key[:20] in each] == []
    assert found[0].startswith(mistake)


@given(st.text(max_size=40) | st.from_regex(r"https?://[a-z@.:/?#\[\]%_-]{1,40}", fullmatch=True))
def test_an_address_is_either_right_or_a_mistake(url: str) -> None:
    key = {"vendor": "generic", "envVar": "K", "checkUrl": url}
    values = {"owner": "a@example.com", "keys": {"k": key}}
    try:
        read = parse_catalogue(values, "prod").keys["k"].check_url
    except CatalogueError as error:
        assert url_mistake(url) is not None
        for problem in error.problems:
            assert problem.suggestion is None or url_mistake(problem.suggestion) is None
    else:
        assert read == url
        assert len(url) <= URL_LENGTH_MAX
        assert re.fullmatch(r"[A-Za-z0-9 +=._:/@-]*", url), "a tag of AWS has to hold it"
