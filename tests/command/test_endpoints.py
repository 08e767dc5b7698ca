"""A manifest travels: it must not be able to send a value to somebody else's host."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import botocore
import googleapiclient
import pytest

from keyplan.endpoints import AWS_DNS_SUFFIXES, Endpoint, endpoint_for, endpoint_mistake, require_trusted
from keyplan.errors import UsageError

SERVICE = "secretsmanager"
AWS_HOSTS = [
    "https://secretsmanager.eu-west-1.amazonaws.com",
    "https://secretsmanager-fips.us-gov-west-1.amazonaws.com",
    "https://secretsmanager.cn-north-1.amazonaws.com.cn",
    "https://secretsmanager.eu-west-1.api.aws",
    "https://vpce-0a1b-2c3d.secretsmanager.eu-west-1.vpce.amazonaws.com",
    "https://SecretsManager.eu-west-1.amazonaws.com:443/",
]
FOREIGN_HOSTS = [
    "https://evil.example",
    "https://abc123.execute-api.eu-west-1.amazonaws.com",
    "https://bucket.s3.amazonaws.com",
    "https://ec2-1-2-3-4.compute-1.amazonaws.com",
    "https://secretsmanager.eu-west-1.amazonaws.com.evil.example",
    "https://secretsmanager.evil.example",
    "https://secretsmanager.execute-api.eu-west-1.amazonaws.com",
    "https://sts.eu-west-1.amazonaws.com",
    "https://secretsmanager.eu-west-1.amazonaws.com:8443",
    "https://127.0.0.1:5000",
]
GOOGLE_HOSTS = [
    "https://secretmanager.googleapis.com",
    "https://secretmanager.mtls.googleapis.com",
    "https://secretmanager.europe-west3.rep.googleapis.com",
    "https://secretmanager.northamerica-northeast1.rep.mtls.googleapis.com",
    "https://SecretManager.googleapis.com:443/",
]
NOT_GOOGLES = [
    "https://evil.example",
    "https://sts.googleapis.com",
    "https://bucket.storage.googleapis.com",
    "https://secretmanager.storage.googleapis.com",
    "https://secretmanager.bucket.rep.googleapis.com",
    "https://secretmanager.googleapis.com.evil.example",
    "https://secretmanager.googleapis.com:8443",
    "https://secretmanager-private.p.googleapis.com",
    "https://secretmanager.p.googleapis.com",
    "https://xsecretmanager.googleapis.com",
    "https://secretsmanager.googleapis.com",
    "https://secretmanager.eu-west-1.amazonaws.com",
    "https://secretmanagerxgoogleapis.com",
]
NOT_ENDPOINTS = [
    "http://10.0.0.1",
    "http://secretsmanager.eu-west-1.amazonaws.com",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "https://user@host",
    "https://evil.example/secretsmanager.eu-west-1.amazonaws.com",
    "https://a?b",
    "https://a#b",
    "https://a\\b",
    "https://a b",
    "https://a\nb",
    "https://a:0",
    "https://a:65536",
    "https://a:0443",
    "https://",
    "ftp://a",
    "127.0.0.1:5000",
    "",
]


@pytest.mark.parametrize("url", AWS_HOSTS)
def test_aws_own_hosts_need_no_confirmation(url: str) -> None:
    assert endpoint_mistake(url) is None
    require_trusted(Endpoint(SERVICE, url), frozenset())


@pytest.mark.parametrize("url", FOREIGN_HOSTS)
def test_a_foreign_host_is_refused_until_the_user_names_it(url: str) -> None:
    assert endpoint_mistake(url) is None
    endpoint = Endpoint(SERVICE, url)
    with pytest.raises(UsageError, match="is not AWS's own host") as caught:
        require_trusted(endpoint, frozenset({"other.example"}))
    assert caught.value.hint is not None
    assert f"--trust-endpoint {endpoint.host}" in caught.value.hint
    require_trusted(endpoint, frozenset({endpoint.host}))


@pytest.mark.parametrize("url", GOOGLE_HOSTS)
def test_googles_own_hosts_need_no_confirmation(url: str) -> None:
    assert endpoint_mistake(url) is None
    require_trusted(Endpoint("secretmanager", url, "gcp"), frozenset())


@pytest.mark.parametrize("url", NOT_GOOGLES)
def test_a_host_that_is_not_googles_is_refused_until_the_user_names_it(url: str) -> None:
    assert endpoint_mistake(url) is None
    endpoint = Endpoint("secretmanager", url, "gcp")
    with pytest.raises(UsageError, match="is not Google's own host") as caught:
        require_trusted(endpoint, frozenset({"other.example"}))
    assert caught.value.hint is not None
    assert f"--trust-endpoint {endpoint.host}" in caught.value.hint
    require_trusted(endpoint, frozenset({endpoint.host}))


@pytest.mark.parametrize(("cloud", "host"), [("aws", "sts.googleapis.com"), ("gcp", "sts.amazonaws.com")])
def test_a_service_that_both_clouds_have_is_each_ones_own_at_its_hosts_only(cloud: str, host: str) -> None:
    with pytest.raises(UsageError, match=f"to {host}, which is not"):
        require_trusted(Endpoint("sts", f"https://{host}", cloud), frozenset())


def test_every_host_of_googles_own_description_of_its_service_is_its_own() -> None:
    documents = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    for service in ("secretmanager.v1", "sts.v1", "iamcredentials.v1", "cloudresourcemanager.v1"):
        document = json.loads((documents / f"{service}.json").read_text())
        urls = [document["rootUrl"], document["mtlsRootUrl"]]
        urls += [entry["endpointUrl"] for entry in document.get("endpoints", [])]
        for url in urls:
            assert Endpoint(service.split(".")[0], url, "gcp").is_google, url


@pytest.mark.parametrize("url", NOT_ENDPOINTS)
def test_what_two_parsers_could_read_in_two_ways_is_no_endpoint(url: str) -> None:
    assert endpoint_mistake(url) is not None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5000", "http://localhost:1", "http://[::1]:5000/", "http://127.9.9.9"]
)
def test_plain_http_on_this_machine_is_a_sandbox(url: str) -> None:
    assert Endpoint(SERVICE, url).is_sandbox
    require_trusted(Endpoint(SERVICE, url), frozenset())


def test_in_a_sandbox_a_service_without_an_entry_is_at_the_sandbox_too() -> None:
    endpoint = endpoint_for("sts", {"secretsmanager": "http://127.0.0.1:5000"})
    assert endpoint is not None
    assert endpoint.url == "http://127.0.0.1:5000"


def test_outside_a_sandbox_a_service_without_an_entry_is_at_aws() -> None:
    assert endpoint_for("sts", {"secretsmanager": "https://vpc.example"}) is None


def test_an_endpoint_remembers_its_cloud() -> None:
    endpoint = endpoint_for("sts", {"secretmanager": "http://127.0.0.1:5001"}, "gcp")
    assert endpoint is not None
    assert (endpoint.cloud, endpoint.service, endpoint.is_sandbox) == ("gcp", "sts", True)


def test_the_suffixes_are_those_of_botocores_partitions() -> None:
    file = Path(botocore.__file__).parent / "data" / "partitions.json"
    packed = file.with_suffix(".json.gz")
    content = gzip.decompress(packed.read_bytes()) if packed.exists() else file.read_bytes()
    suffixes = {
        partition["outputs"][name]
        for partition in json.loads(content)["partitions"]
        for name in ("dnsSuffix", "dualStackDnsSuffix")
    }
    assert suffixes == set(AWS_DNS_SUFFIXES)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://API.anthropic.com", "api.anthropic.com"),
        ("https://api.anthropic.com:443/", "api.anthropic.com"),
        ("https://api.anthropic.com:80", "api.anthropic.com:80"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://127.0.0.1:443", "127.0.0.1:443"),
        ("http://[::1]:4566", "[::1]:4566"),
    ],
)
def test_the_host_header_has_no_port_that_its_scheme_has_anyway(url: str, authority: str) -> None:
    assert Endpoint("messages", url, "anthropic").authority == authority
