"""The program itself, run as Pulumi runs it: configuration in, manifest and wiring out."""

from __future__ import annotations

import gc
import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.configuration import failures_in_words
from keyplan.errors import KeyplanError, UsageError
from keyplan.manifest.model import Manifest
from tests.components.recording import LookupRefused, Recording, record

KEYS = {"anthropic": {"vendor": "anthropic", "rotateEvery": "90d", "owner": "ml@example.com"}}
CONSUMERS = {
    "chat-api": {"runtime": "ecs", "keys": ["anthropic"], "env": {"ANTHROPIC_MODEL": "claude-sonnet-4-6"}},
    "evals": {
        "runtime": "github-actions",
        "repository": "example/evals",
        "repositoryId": "123456",
        "branches": ["main"],
        "keys": ["anthropic"],
    },
}
LOOKUP = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider"


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """The program sets the garbage collector's threshold for its own process."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def configuration(**fields: Any) -> dict[str, str]:
    values = {
        "owner": "platform@example.com",
        "clouds": ["aws"],
        "keys": KEYS,
        "consumers": CONSUMERS,
        **fields,
    }
    texts = {
        f"keyplan:{name}": each if isinstance(each, str) else json.dumps(each)
        for name, each in values.items()
    }
    return {"aws:region": "eu-west-1", **texts}


def run(project: Path, config: dict[str, str]) -> Recording:
    def missing(_: Any) -> dict[str, Any]:
        raise LookupRefused("finding IAM OIDC Provider by url (x): not found")

    return record(
        lambda: runpy.run_path(str(project / "__main__.py"), run_name="__main__") and None,
        config=config,
        lookups={LOOKUP: missing},
    )


def test_a_configuration_becomes_an_environment_with_manifest_and_wiring(project: Path) -> None:
    found = run(project, configuration())
    manifest = Manifest.from_json(found.outputs["manifest"])
    assert set(found.outputs) == {"manifest", "wiring"}
    assert (manifest.environment, set(manifest.keys), set(manifest.consumers)) == (
        "prod",
        {"anthropic"},
        {"chat-api", "evals"},
    )
    assert set(found.outputs["wiring"]["evals"]) == {"github-actions"}
    assert len(found.of("aws:secretsmanager/secret:Secret")) == 1


def test_mistakes_of_the_configuration_are_words_and_not_a_traceback(project: Path) -> None:
    broken = configuration(keys={"anthropic": {"vendor": "antropic"}}, owner="nobody")
    with pytest.raises(pulumi.RunError) as error:
        run(project, broken)
    text = str(error.value)
    assert text.startswith("the configuration of prod has ")
    assert "keys.anthropic.vendor" in text
    assert text.endswith("\n  try: keyplan check")


def test_a_failure_without_a_hint_is_its_message() -> None:
    with pytest.raises(pulumi.RunError, match=r"^it broke$"), failures_in_words():
        raise KeyplanError("it broke")
    with pytest.raises(pulumi.RunError, match=r"^it broke\n  try: mend it$"), failures_in_words():
        raise UsageError("it broke", "mend it")


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), failures_in_words():
        raise ZeroDivisionError


def test_the_program_only_reads_builds_and_exports(project: Path) -> None:
    assert len((project / "__main__.py").read_text().splitlines()) <= 60
