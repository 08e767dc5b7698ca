"""Whose credentials sign: the sandbox's never real ones, a real cloud's by botocore's whole chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from keyplan.stores.aws_credentials import from_environment, is_plain_transport
from tests.command.environments import Environment, fake_key
from tests.command.fake_aws import Answer, FakeAws, Request, value

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "fake"}
PRINT = ("--", "printenv", "ANTHROPIC_API_KEY")


@pytest.mark.parametrize(
    ("environ", "expected"),
    {
        "both parts": (KEYS, ("AKIAFAKE", "fake", None)),
        "with a token": ({**KEYS, "AWS_SESSION_TOKEN": "t"}, ("AKIAFAKE", "fake", "t")),
        "the old name of the token first, as botocore has it": (
            {**KEYS, "AWS_SESSION_TOKEN": "t", "AWS_SECURITY_TOKEN": "s"}, ("AKIAFAKE", "fake", "s"),
        ),
        "a profile is named": ({**KEYS, "AWS_PROFILE": "p"}, None),
        "they end some time": ({**KEYS, "AWS_CREDENTIAL_EXPIRATION": "2026-11-21T00:00:00Z"}, None),
        "half of them": ({"AWS_ACCESS_KEY_ID": "AKIAFAKE"}, None),
        "empty": ({**KEYS, "AWS_ACCESS_KEY_ID": ""}, None),
        "with a line end": ({**KEYS, "AWS_ACCESS_KEY_ID": "AKIAFAKE\n"}, None),
        "none": ({}, None),
    }.values(),
)  # fmt: skip
def test_the_environments_credentials_are_taken_only_where_botocore_would_take_the_same(
    environ: dict[str, str], expected: tuple[str, str, str | None] | None
) -> None:
    found = from_environment(environ)
    assert (found and (found.access_key, found.secret_key, found.token)) == expected


@pytest.mark.parametrize(
    "variable",
    [
        "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_USE_FIPS_ENDPOINT", "AWS_CA_BUNDLE",
        "AWS_USE_DUALSTACK_ENDPOINT", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "https_proxy",
    ],
)  # fmt: skip
def test_a_variable_that_changes_the_connection_leaves_it_to_botocore(variable: str, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(tmp_path / "config")}
    assert is_plain_transport(home, "aws")
    assert not is_plain_transport({**home, variable: "x"}, "aws")
    assert not is_plain_transport(home, "aws-iso")


@pytest.mark.parametrize(
    "setting", ["endpoint_url", "use_fips_endpoint", "use_dualstack_endpoint", "ca_bundle", "services"]
)
def test_a_setting_that_changes_the_connection_leaves_it_to_botocore(setting: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("[default]\nregion = eu-west-1\n")
    assert is_plain_transport({"AWS_CONFIG_FILE": str(file)}, "aws")
    file.write_text(f"[profile x]\n{setting} = y\n")
    assert not is_plain_transport({"AWS_CONFIG_FILE": str(file)}, "aws")


# Where botocore finds credentials. Each writes what is needed below `home`, and returns variables and the
# access key that has to sign.
Chain = Callable[[Path, FakeAws], tuple[dict[str, str], str]]


def environment_chain(_home: Path, _server: FakeAws) -> tuple[dict[str, str], str]:
    return dict(KEYS), "AKIAFAKE"


def profile_chain(home: Path, _server: FakeAws) -> tuple[dict[str, str], str]:
    (home / "credentials").write_text(
        "[team]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = fake\n"
    )
    return {"AWS_PROFILE": "team", "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials")}, "AKIAPROFILE"


def process_chain(home: Path, _server: FakeAws) -> tuple[dict[str, str], str]:
    document = {"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "fake"}
    (home / "made").write_text(json.dumps(document))
    (home / "config").write_text(f"[default]\ncredential_process = cat {home}/made\n")
    return {"AWS_CONFIG_FILE": str(home / "config")}, "AKIAPROCESS"


def container_chain(_home: Path, server: FakeAws) -> tuple[dict[str, str], str]:
    document = {
        "AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "fake", "Token": "t",
        "Expiration": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    server.answer("/container", Answer(document))
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/container"}, "ASIACONTAINER"


def instance_chain(_home: Path, server: FakeAws) -> tuple[dict[str, str], str]:
    document = {
        "Code": "Success", "AccessKeyId": "ASIAINSTANCE", "SecretAccessKey": "fake", "Token": "t",
        "Expiration": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    server.answer("/latest/api/token", Answer(raw=b"token"))
    server.answer("/latest/meta-data/iam/security-credentials/", Answer(raw=b"role"))
    server.answer("/latest/meta-data/iam/security-credentials/role", Answer(document))
    variables = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, "AWS_EC2_METADATA_DISABLED": "false"}
    return variables, "ASIAINSTANCE"


CHAINS: dict[str, Chain] = {
    "variables": environment_chain,
    "a profile": profile_chain,
    "a process": process_chain,
    "a container": container_chain,
    "an instance": instance_chain,
}


@pytest.fixture
def real_cloud(at: Callable[[str], Environment], fake_aws_tls: FakeAws) -> Environment:
    """An environment whose endpoint is no sandbox; its certificate is trusted."""
    environment = at(fake_aws_tls.url)
    environment.variables = {
        "KEYPLAN_TRUST_ENDPOINT": "localhost",
        "SSL_CERT_FILE": str(environment.directory / "certificate.pem"),
    }
    fake_aws_tls.answer("GetSecretValue", value(fake_key()))
    return environment


@pytest.mark.parametrize("road", ["signed request", "AWS SDK"])
@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS.keys())
def test_the_credentials_of_the_whole_chain_sign(
    chain: Chain, road: str, real_cloud: Environment, fake_aws_tls: FakeAws, fake_aws: FakeAws
) -> None:
    variables, access_key = chain(real_cloud.directory, fake_aws)
    if road == "AWS SDK":
        variables["AWS_CA_BUNDLE"] = str(real_cloud.directory / "certificate.pem")
    done = real_cloud.run("exec", "--verbose", "--only", "anthropic", *PRINT, **variables)
    assert (done.returncode, done.stdout) == (0, f"{fake_key()}\n")
    assert road in done.stderr
    assert [(request.operation, request.access_key) for request in fake_aws_tls.requests] == [
        ("GetSecretValue", access_key)
    ]


def test_a_web_identity_is_exchanged_for_credentials(
    real_cloud: Environment, fake_aws_tls: FakeAws, moto_url: str
) -> None:
    token = real_cloud.directory / "token"
    token.write_text("a.b.c")
    variables = {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/dev-evals-reader",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ENDPOINT_URL_STS": moto_url,
        "AWS_REGION": "eu-west-1",
    }
    done = real_cloud.run("exec", "--only", "anthropic", *PRINT, **variables)
    assert (done.returncode, done.stdout) == (0, f"{fake_key()}\n")
    (request,) = fake_aws_tls.requests
    assert request.access_key.startswith("ASIA")
    assert request.headers["x-amz-security-token"]


def test_a_certificate_that_only_botocores_bundle_knows_is_left_to_botocore(
    real_cloud: Environment, fake_aws_tls: FakeAws
) -> None:
    del real_cloud.variables["SSL_CERT_FILE"]
    done = real_cloud.run("exec", "--verbose", "--only", "anthropic", *PRINT, **KEYS)
    assert done.returncode == 3
    assert "reading through the AWS SDK" in done.stderr
    assert "its certificate is not trusted; a proxy that inspects traffic needs AWS_CA_BUNDLE" in done.stderr
    assert fake_aws_tls.requests == []


FAILURES: dict[str, tuple[dict[str, str], str]] = {
    "none at all": ({}, "there are no AWS credentials: no variable, profile or role gives any"),
    "half of them": (
        {"AWS_ACCESS_KEY_ID": "AKIAFAKE"},
        "the AWS credentials are incomplete: an access key needs its secret access key",
    ),
    "a profile that does not exist": (
        {"AWS_PROFILE": "nobody"}, "the AWS profile that AWS_PROFILE names does not exist",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "verb", [("exec", "--", "true"), ("status",), ("put", "anthropic")], ids=lambda verb: verb[0]
)
@pytest.mark.parametrize(("variables", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_credentials_that_are_not_there_are_told_with_the_way_to_get_some(
    variables: dict[str, str], words: str, verb: tuple[str, ...], real_cloud: Environment
) -> None:
    done = real_cloud.run(*verb, given=fake_key(), **variables)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: environment dev: {words}\nhint: ")


def test_a_foreign_host_gets_nothing_unless_the_user_named_it(
    real_cloud: Environment, fake_aws_tls: FakeAws
) -> None:
    del real_cloud.variables["KEYPLAN_TRUST_ENDPOINT"]
    for verb in (("exec", "--", "true"), ("status",), ("put", "anthropic")):
        done = real_cloud.run(*verb, given=fake_key(), **KEYS)
        assert done.returncode == 2
        assert "which is not AWS's own host" in done.stderr
    assert fake_aws_tls.requests == []
    assert (
        real_cloud.run(
            "exec", "--trust-endpoint", "localhost", "--only", "anthropic", "--", "true", **KEYS
        ).returncode
        == 0
    )


def test_a_sandbox_never_sees_the_users_credentials_proxies_or_settings(
    at: Callable[[str], Environment], fake_aws: FakeAws, tmp_path: Path
) -> None:
    environment = at(fake_aws.url)
    config = tmp_path / "config"
    config.write_text(
        "[default]\nendpoint_url = http://127.0.0.1:9\nuse_fips_endpoint = true\nca_bundle = "
        "/nowhere\n[[[broken"
    )
    fake_aws.answer("GetSecretValue", value(fake_key()))
    fake_aws.answer("ListSecretVersionIds", Answer({"Versions": []}))
    fake_aws.answer("/", identity)
    stages: dict[str, list[str]] = {}
    fake_aws.answer("DescribeSecret", Answer({"ARN": "a", "Name": "n", "VersionIdsToStages": stages}))

    def store(request: Request) -> Answer:
        version_id = json.loads(request.body)["ClientRequestToken"]
        stages[version_id] = ["AWSCURRENT"]
        return Answer({"VersionId": version_id})

    fake_aws.answer("PutSecretValue", store)
    variables = {
        **KEYS,
        "AWS_SESSION_TOKEN": "token",
        "AWS_PROFILE": "nobody",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": "/nowhere",
    }
    codes = [
        environment.run(*verb, given=fake_key("y"), **variables).returncode
        for verb in (("exec", "--only", "anthropic", "--", "true"), ("status",), ("put", "anthropic"))
    ]
    assert codes == [0, 0, 0]
    assert {request.access_key for request in fake_aws.requests} == {"testing"}
    assert not any("x-amz-security-token" in request.headers for request in fake_aws.requests)


def identity(_request: Request) -> Answer:
    """STS's answer: XML, not JSON."""
    return Answer(
        raw=b"<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
        b"<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/alice</Arn><UserId>U</UserId>"
        b"<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
