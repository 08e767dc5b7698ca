"""Whether each client's host can be reached: real servers, certificates and proxies on this machine."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.doctor import probing
from keyplan.doctor.model import Answer, Setting, Source, State
from keyplan.doctor.network import Destination, Trust, destinations, of_answers
from keyplan.doctor.probing import ask
from keyplan.doctor.variables import PROFILE_REGION
from keyplan.errors import EXIT_INTERRUPTED
from keyplan.secret_value import SecretValue
from tests.doctor.gateways import GATEWAY, Gateway, set_in
from tests.doctor.machines import API_KEY, CANARY, GATEWAY_TOKEN, Machine, settings
from tests.vendors.secure import Authority, Proxy

TOKEN = {"ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN}
NO_TRUST = Trust(system=False, bundled=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def gateway(authority: Authority) -> Iterator[Gateway]:
    with Gateway(authority.server_context()) as server:
        yield server


def found(text: str) -> dict[str, str]:
    """The message of each finding of `--format json`, by its code."""
    return {finding["code"]: finding["message"] for finding in json.loads(text)["findings"]}


def states(text: str) -> dict[str, str]:
    """What came of asking, by client."""
    return {host["client"]: host["state"] for host in json.loads(text)["hosts"]}


def set_to(**environment: str) -> list[Destination]:
    return list(destinations(set_in(environment)))


def test_a_gateway_that_each_client_trusts_is_reached_and_told_nothing(
    machine: Machine, gateway: Gateway, authority: Authority
) -> None:
    trusted = {"NODE_EXTRA_CA_CERTS": str(authority.file), "SSL_CERT_FILE": str(authority.file)}
    address = {"ANTHROPIC_BASE_URL": f"{gateway.url}/canary/path"}
    done = machine.ask("--format", "json", **TOKEN, **address, **trusted)
    assert (done.returncode, found(done.stdout)) == (0, {})
    assert states(done.stdout) == {"Claude Code": "reached", "the SDKs": "reached"}
    assert len(gateway.requests) == 2
    for request in gateway.requests:
        assert request.startswith("HEAD / HTTP/1.1\n")
        assert CANARY not in request
        names = {line.partition(":")[0].lower() for line in request.splitlines()[1:] if line}
        assert names == {"host", "accept-encoding", "user-agent"}


@pytest.mark.parametrize("status", [200, 401, 403, 404, 503])
def test_whatever_its_status_an_answer_is_one(machine: Machine, status: int) -> None:
    with Gateway(status=status) as server:
        done = machine.ask("--format", "json", **TOKEN, ANTHROPIC_BASE_URL=server.url)
    assert set(states(done.stdout).values()) == {"reached"}


def test_a_certificate_that_one_client_trusts_and_the_other_does_not_is_told_for_that_one(
    machine: Machine, gateway: Gateway, authority: Authority
) -> None:
    given_ = {**TOKEN, "ANTHROPIC_BASE_URL": gateway.url}
    file = str(authority.file)
    for certificates, trusting, other in (
        ({"NODE_EXTRA_CA_CERTS": file}, "Claude Code", "the SDKs"),
        ({"SSL_CERT_FILE": file, "CLAUDE_CODE_CERT_STORE": "bundled"}, "the SDKs", "Claude Code"),
    ):
        done = machine.ask("--format", "json", **given_, **certificates)
        assert states(done.stdout) == {trusting: "reached", other: "certificate not trusted"}
        message = found(done.stdout)["certificate"]
        assert message.startswith(
            f"{other} would not trust the certificate of the host of ANTHROPIC_BASE_URL"
        )
        assert "a proxy that inspects traffic" in message


def test_a_certificate_that_nobody_trusts_is_one_finding_with_both_ways_out(
    machine: Machine, gateway: Gateway
) -> None:
    done = machine.ask(**TOKEN, ANTHROPIC_BASE_URL=gateway.url, REQUESTS_CA_BUNDLE="/canary")
    assert done.returncode == 1
    assert "certificate: Claude Code and the SDKs would not trust the certificate" in done.stdout
    assert "NODE_EXTRA_CA_CERTS" in done.stdout
    assert "SSL_CERT_FILE" in done.stdout
    assert CANARY not in done.stdout + done.stderr
    assert gateway.requests == []


def test_on_linux_the_systems_certificates_of_claude_code_are_those_that_openssl_is_told_of(
    machine: Machine, gateway: Gateway, authority: Authority
) -> None:
    """As Node has it. Source: nodejs/node, commit 44b19ec534 (checked 2026-11-21)."""
    file = str(authority.file)
    done = machine.ask("--format", "json", **TOKEN, ANTHROPIC_BASE_URL=gateway.url, SSL_CERT_FILE=file)
    assert set(states(done.stdout).values()) == {"reached"}


def test_certificates_in_settings_of_claude_code_are_its_own(
    machine: Machine, gateway: Gateway, authority: Authority
) -> None:
    machine.put("~/.claude/settings.json", settings(NODE_EXTRA_CA_CERTS=str(authority.file)))
    done = machine.ask("--format", "json", **TOKEN, ANTHROPIC_BASE_URL=gateway.url)
    assert states(done.stdout) == {"Claude Code": "reached", "the SDKs": "certificate not trusted"}


def test_a_certificate_for_another_host_is_told_as_that(authority: Authority) -> None:
    with Gateway(authority.server_context()) as server, Proxy() as proxy:
        [destination] = set_to(
            ANTHROPIC_BASE_URL=f"https://{GATEWAY}:{server.server_port}",
            HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}",
            NODE_EXTRA_CA_CERTS=str(authority.file),
        )
        [answer] = ask([destination])
    assert (answer.state, answer.words) == (State.UNTRUSTED, "it is for another host")


def test_a_file_of_certificates_that_is_not_there_is_told_without_its_path(machine: Machine) -> None:
    with Gateway() as server:
        done = machine.ask(
            **TOKEN, ANTHROPIC_BASE_URL=server.url, NODE_EXTRA_CA_CERTS="/canary", SSL_CERT_FILE="/canary"
        )
    for name in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"):
        assert f"certificates-file: {name} in the environment names a file that is not there" in done.stdout
    assert CANARY not in done.stdout


def test_a_proxy_is_gone_through_with_its_password_and_nothing_is_said_of_it(
    machine: Machine, authority: Authority
) -> None:
    trusted = {"NODE_EXTRA_CA_CERTS": str(authority.file), "SSL_CERT_FILE": str(authority.file)}
    with Gateway(authority.server_context(GATEWAY)) as server, Proxy() as proxy:
        address = f"https://{GATEWAY}:{server.server_port}"
        through = f"http://canary:canary%21@127.0.0.1:{proxy.port}"
        done = machine.ask(**TOKEN, ANTHROPIC_BASE_URL=address, HTTPS_PROXY=through, **trusted)
        assert (
            "Claude Code can reach the host of ANTHROPIC_BASE_URL in the environment, through" in done.stdout
        )
        assert "the proxy of HTTPS_PROXY in the environment\n" in done.stdout
        assert done.returncode == 0
        assert len(proxy.heads) == len(server.requests) == 2
        assert all("Proxy-Authorization: Basic Y2FuYXJ5OmNhbmFyeSE=" in head for head in proxy.heads)
        assert not any("Proxy-Authorization" in request for request in server.requests)
        assert CANARY not in done.stdout + done.stderr


def test_a_proxy_that_lets_nobody_through_is_told_with_its_status(machine: Machine) -> None:
    with Proxy(refuses_with=407) as proxy:
        through = {"https_proxy": f"http://127.0.0.1:{proxy.port}", "HTTPS_PROXY": "http://127.0.0.1:1"}
        done = machine.ask("--format", "json", **TOKEN, ANTHROPIC_BASE_URL=f"https://{GATEWAY}", **through)
    message = found(done.stdout)["unreachable"]
    assert message == (
        "Claude Code and the SDKs cannot reach the host of ANTHROPIC_BASE_URL in the environment, through "
        "the proxy of https_proxy in the environment: the proxy does not let it through (HTTP 407)"
    )


WAYS: list[tuple[dict[str, str], list[str | None]]] = [
    ({"HTTPS_PROXY": "http://p:1"}, ["HTTPS_PROXY", "HTTPS_PROXY"]),
    ({"HTTP_PROXY": "http://p:1"}, ["HTTP_PROXY", None]),
    ({"ALL_PROXY": "http://p:1"}, [None, "ALL_PROXY"]),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, [None, None]),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": f"a.example,.{GATEWAY}"}, [None, None]),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example canary.example"}, [None, "HTTPS_PROXY"]),
    ({"HTTPS_PROXY": "http://p:1", "no_proxy": "other.example"}, ["HTTPS_PROXY", "HTTPS_PROXY"]),
    ({"HTTPS_PROXY": "", "https_proxy": "http://p:1"}, ["https_proxy", "https_proxy"]),
]


@pytest.mark.parametrize(("environment", "proxies"), WAYS)
def test_each_client_takes_the_proxy_that_it_would_take(
    environment: dict[str, str], proxies: list[str | None]
) -> None:
    asked = set_to(**TOKEN, ANTHROPIC_BASE_URL=f"https://{GATEWAY}", **environment)
    taken = [None if one.proxy_setting is None else one.proxy_setting.name for one in asked]
    assert taken == proxies


def test_proxies_that_a_client_or_keyplan_cannot_use_are_told_as_what_they_are() -> None:
    for text, states_ in (
        ("socks5://127.0.0.1:1", [State.UNREACHED, State.UNASKED]),
        ("127.0.0.1", [State.UNREACHED, State.UNREACHED]),
        ("https://127.0.0.1:1", [State.UNASKED, State.UNASKED]),
    ):
        answers = ask(set_to(**TOKEN, ANTHROPIC_BASE_URL=f"https://{GATEWAY}", HTTPS_PROXY=text))
        assert [answer.state for answer in answers] == states_, text


def test_nothing_on_this_machine_is_asked_through_a_proxy() -> None:
    for url in ("http://127.0.0.1:4000", "https://localhost", "http://[::1]:4000"):
        for destination in set_to(
            **TOKEN, ANTHROPIC_BASE_URL=url, HTTPS_PROXY="http://p:1", HTTP_PROXY="http://p:1"
        ):
            assert destination.way == ""


@pytest.mark.parametrize(
    ("ahead_minutes", "words"), [(10, "10 minutes ahead of"), (-7, "7 minutes behind"), (4, None), (-4, None)]
)
def test_a_clock_is_told_when_it_is_more_than_five_minutes_off(ahead_minutes: int, words: str | None) -> None:
    here = time.time()
    with Gateway(now=here - ahead_minutes * 60) as server:
        answers = ask(set_to(**TOKEN, ANTHROPIC_BASE_URL=server.url), clock=lambda: here)
    findings = list(of_answers(answers))
    assert [finding.code for finding in findings] == (["clock-skew"] if words else [])
    if words:
        assert f"clock is {words} that of the host of ANTHROPIC_BASE_URL" in findings[0].message


@pytest.mark.parametrize("date", [None, "", "canary", "Thu, 99 Foo 99999 99:99:99 GMT", "0"])
def test_an_answer_without_a_date_that_is_one_says_nothing_of_the_clock(date: str | None) -> None:
    with Gateway(now=date) as server:
        [answer, _other] = ask(set_to(**TOKEN, ANTHROPIC_BASE_URL=server.url), clock=lambda: 0.0)
    assert (answer.state, answer.ahead_seconds) == (State.REACHED, None)


def test_all_are_asked_at_the_same_time() -> None:
    with Gateway() as server:
        server.together = threading.Barrier(2)  # it answers nobody before both have come
        answers = ask(set_to(**TOKEN, ANTHROPIC_BASE_URL=server.url))
    assert [answer.state for answer in answers] == [State.REACHED, State.REACHED]


def test_what_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        answers = ask(set_to(**TOKEN, ANTHROPIC_BASE_URL=url), limit_seconds=0.3)
    assert {(answer.state, answer.words) for answer in answers} == {(State.UNREACHED, "it took too long")}


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    answers = ask(set_to(**TOKEN, ANTHROPIC_BASE_URL=f"https://{GATEWAY}"), limit_seconds=0.3)
    over.set()
    assert {(answer.state, answer.words) for answer in answers} == {(State.UNREACHED, "it took too long")}


def test_a_name_that_nobody_knows_is_told_with_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "canary")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    [finding] = of_answers(ask(set_to(CLAUDE_CODE_USE_BEDROCK="1", AWS_REGION="eu-nowhere-9")))
    assert finding.message == (
        "Claude Code cannot reach bedrock-runtime.eu-nowhere-9.amazonaws.com: its name is not known here"
    )
    assert finding.hint is not None
    assert finding.hint.startswith("look at the region")


def test_a_port_where_nobody_listens_and_a_server_without_tls_are_told_as_such() -> None:
    with socket.socket() as taken, Gateway() as plain:
        taken.bind(("127.0.0.1", 0))  # nobody else gets it, and nobody listens
        closed = taken.getsockname()[1]
        for url, words in (
            (f"https://127.0.0.1:{closed}", "the connection was refused"),
            (f"https://127.0.0.1:{plain.server_port}", "the connection failed"),
            (f"http://{'a' * 64}.example", "its name is not one that a host can have"),
            ("gateway.example", "that is no address: it has to begin with https://"),
        ):
            answers = ask(set_to(**TOKEN, ANTHROPIC_BASE_URL=url))
            assert {(answer.state, answer.words) for answer in answers} == {(State.UNREACHED, words)}


def test_without_the_network_nobody_is_asked(machine: Machine) -> None:
    with Gateway() as server:
        done = machine.run("--format", "json", **TOKEN, ANTHROPIC_BASE_URL=server.url)
        assert (json.loads(done.stdout)["hosts"], server.requests) == ([], [])


HOSTS: list[tuple[dict[str, str], str]] = [
    ({"ANTHROPIC_MODEL": "m"}, "api.anthropic.com"),
    ({"ANTHROPIC_BASE_URL": "https://api.anthropic.com/"}, "api.anthropic.com"),
    ({"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "eu-west-1"}, "bedrock-runtime.eu-west-1.amazonaws.com"),
    ({"CLAUDE_CODE_USE_BEDROCK": "1"}, "bedrock-runtime.us-east-1.amazonaws.com"),
    (
        {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "a/b", "AWS_DEFAULT_REGION": "us-gov-west-1"},
        "bedrock-runtime.us-gov-west-1.amazonaws.com",
    ),
    ({"CLAUDE_CODE_USE_VERTEX": "1", "CLOUD_ML_REGION": "us-east5"}, "us-east5-aiplatform.googleapis.com"),
    ({"CLAUDE_CODE_USE_VERTEX": "1", "CLOUD_ML_REGION": "global"}, "aiplatform.googleapis.com"),
    ({"CLAUDE_CODE_USE_VERTEX": "1", "CLOUD_ML_REGION": "eu"}, "aiplatform.eu.rep.googleapis.com"),
    ({"CLAUDE_CODE_USE_VERTEX": "1"}, "us-east5-aiplatform.googleapis.com"),
    (
        {"CLAUDE_CODE_USE_FOUNDRY": "1", "ANTHROPIC_FOUNDRY_RESOURCE": "canary"},
        "the host of ANTHROPIC_FOUNDRY_RESOURCE in the environment",
    ),
    (
        {"CLAUDE_CODE_USE_FOUNDRY": "1", "ANTHROPIC_FOUNDRY_BASE_URL": "https://canary.example"},
        "the host of ANTHROPIC_FOUNDRY_BASE_URL in the environment",
    ),
    (
        {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_BEDROCK_BASE_URL": "http://127.0.0.1:1"},
        "the host of ANTHROPIC_BEDROCK_BASE_URL in the environment",
    ),
    ({"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "canary"}, "the host of AWS_REGION in the environment"),
]


@pytest.mark.parametrize(("environment", "host"), HOSTS)
def test_the_host_is_that_of_the_route_that_wins(environment: dict[str, str], host: str) -> None:
    assert [destination.host for destination in set_to(**environment)] == [host]


def test_the_region_of_an_aws_profile_counts_where_no_variable_has_one() -> None:
    region = Setting(PROFILE_REGION, SecretValue("sa-east-1"), Source.AWS, "~/.aws/config")
    on = set_in({"CLAUDE_CODE_USE_BEDROCK": "1"})
    assert destinations([*on, region])[0].host == "bedrock-runtime.sa-east-1.amazonaws.com"
    here = set_in({"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "eu-west-1"})
    assert destinations([*here, region])[0].host == "bedrock-runtime.eu-west-1.amazonaws.com"


def test_an_sdk_has_no_provider_and_no_settings_of_claude_code() -> None:
    asked = set_to(CLAUDE_CODE_USE_BEDROCK="1", ANTHROPIC_API_KEY=API_KEY)
    assert [(one.client, one.host) for one in asked] == [
        ("Claude Code", "bedrock-runtime.us-east-1.amazonaws.com"),
        ("the SDKs", "api.anthropic.com"),
    ]


PARTS = ("http", "s", "://", "canary", "@", ":", "/", "[", "]", ".", "%", "80", " ", "\0", "*", "eu-west-1")
TEXTS = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PARTS)).map("".join))


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_where_an_address_belongs_is_followed_without_a_crash_and_never_shown(
    address: str, proxy: str, exceptions: str, region: str
) -> None:
    for flag in ("BEDROCK", "VERTEX", "FOUNDRY", "NOTHING"):
        environment = {
            f"CLAUDE_CODE_USE_{flag}": "1", "ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": address,
            "ANTHROPIC_FOUNDRY_RESOURCE": region, "AWS_REGION": region, "CLOUD_ML_REGION": region,
            "HTTPS_PROXY": proxy, "NO_PROXY": exceptions, "CLAUDE_CODE_CERT_STORE": exceptions,
        }  # fmt: skip
        for destination in destinations(set_in(environment)):
            shown = (destination.host, destination.way, destination.problem, destination.unasked)
            assert CANARY not in repr(shown)
            assert CANARY not in repr(destination.address)


def test_clients_that_fail_differently_are_told_apart() -> None:
    answers = [
        Answer("Claude Code", "h", State.UNREACHED, "a"),
        Answer("the SDKs", "h", State.UNREACHED, "b"),
        Answer("Claude Code", "h", State.UNASKED, "a"),
    ]
    assert [finding.message for finding in of_answers(answers)] == [
        "Claude Code cannot reach h: a",
        "the SDKs cannot reach h: b",
    ]


def test_ctrl_c_while_a_host_is_silent_ends_at_once_with_a_word(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with machine.start(**TOKEN, ANTHROPIC_BASE_URL=url) as process:
            connection, _ = silent.accept()  # it waits for an answer now
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=30)
            connection.close()
    assert (process.returncode, output, errors) == (EXIT_INTERRUPTED, "", "\ninterrupted\n")


def test_a_reader_who_leaves_early_gets_no_traceback(machine: Machine) -> None:
    with machine.start("--offline", **TOKEN) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(30)) == ("", 141)


def test_a_file_of_pythons_takes_the_place_of_what_it_brings_along(
    tmp_path: Path, gateway: Gateway, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "brought_certificates", lambda: str(authority.file))
    address = {**TOKEN, "ANTHROPIC_BASE_URL": gateway.url}
    assert [answer.state for answer in ask(set_to(**address))] == [State.REACHED, State.REACHED]
    other = str(Authority(tmp_path).file)
    states_ = [answer.state for answer in ask(set_to(**address, SSL_CERT_FILE=other))]
    assert states_ == [State.REACHED, State.UNTRUSTED]
    states_ = [answer.state for answer in ask(set_to(**address, NODE_EXTRA_CA_CERTS=other))]
    assert states_ == [State.REACHED, State.REACHED], "beside what Claude Code brings along"


def test_what_it_trusts_besides_is_in_no_test_by_accident(tmp_path: Path) -> None:
    """A system that trusts everybody would let the tests above pass."""
    with Gateway(Authority(tmp_path).server_context()) as server:
        for trust in (NO_TRUST, Trust(system=True, bundled=False), Trust(system=True, bundled=True)):
            [destination, _other] = set_to(**TOKEN, ANTHROPIC_BASE_URL=server.url)
            asked = Destination(destination.client, "h", destination.address, trust)
            assert ask([asked])[0].state is State.UNTRUSTED
