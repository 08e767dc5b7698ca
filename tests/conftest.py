"""What every test gets: no cloud account, no home of its own user, no way off this machine."""

import gc
import os
import signal
import socket
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

import tests.one_status_message  # noqa: F401 - before any test file brings Google's client
from tests.botocore_models import keep_models
from tests.examples import load_profile
from tests.faults.summary import pytest_terminal_summary  # noqa: F401 - pytest finds it here
from tests.long_first import pytest_collection_modifyitems  # noqa: F401 - and this

load_profile(repeatable="CI" in os.environ)

# A shell that starts the tests in its background has them ignore Ctrl-C, and every program that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

keep_models()

LOOPBACK = ("127.", "::1", "localhost")

# By these a program knows that it runs in continuous integration, and some then behave otherwise, as Pulumi's
# engine does. Source: the predefined variables of each, and those that the engine looks for (2026-11-22).
CI_VARIABLES = ("CI", "CONTINUOUS_INTEGRATION", "BUILD_NUMBER", "TF_BUILD")
CI_PREFIXES = ("APPVEYOR", "BITBUCKET_", "BUILDKITE", "CI_", "CIRCLE", "CODEBUILD_", "DRONE", "GITEA_")
CI_PREFIXES += ("GITHUB_", "GITLAB_", "GO_PIPELINE_", "JENKINS_", "SEMAPHORE", "TEAMCITY_", "TRAVIS")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search for no garbage while the tests are collected: almost all that is made stays, and each worker
    collects all of them.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every search for garbage: it stays, and to look at all of it again
    and again took a third of the time of tests that make many objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _isolated_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the developer's cloud configuration, manifest, proxies or home."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "KEYPLAN_", "PULUMI_", "ANTHROPIC_", "CLAUDE_CODE_")):
            monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True, scope="session")
def _nobody_s_integration() -> Iterator[None]:
    """Nothing that a test starts knows whether the tests run in continuous integration."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in list(os.environ):
            if name in CI_VARIABLES or name.startswith(CI_PREFIXES):
                monkeypatch.delenv(name)
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """A connection that would leave this machine fails the test that opened it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(host).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to leave this machine: {host}")
        connect(self, address)  # type: ignore[arg-type]

    socket.socket.connect = guarded  # type: ignore[assignment, method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def project() -> Path:
    """The top of the checkout."""
    return Path(__file__).resolve().parent.parent
