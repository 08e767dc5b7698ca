"""The compose target: a file that Compose's schema accepts and that says exactly what was meant."""

from __future__ import annotations

import json
from pathlib import Path

import check_jsonschema
import jsonschema
import pytest
import yaml
from hypothesis import given

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring import compose_reader as readers
from tests.wiring.conftest import example
from tests.wiring.local_consumers import (
    NAME,
    environment,
    record_as,
    recorded,
    run,
    with_variables,
    without_keys,
)
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

SCHEMA = json.loads(
    (Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json").read_text()
)
VALID = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
OWN = {
    "ANTHROPIC_API_KEY_FILE": "/run/secrets/ANTHROPIC_API_KEY",
    "OPENROUTER_API_KEY_FILE": "/run/secrets/OPENROUTER_API_KEY",
}
BESIDE = "services:\n  chat-api:\n    image: example\n"


def files_of(text: str, folder: Path) -> list[Path]:
    """The file beside a compose.yaml, in the order of the command."""
    (folder / "compose.yaml").write_text(BESIDE)
    (folder / "compose.keyplan.yaml").write_bytes(text.encode())
    return [folder / "compose.yaml", folder / "compose.keyplan.yaml"]


@MANY
@given(env=VARIABLES)
def test_the_schema_accepts_it_and_the_documented_rules_read_back_the_same(env: dict[str, str]) -> None:
    text = wire(with_variables(example(), env), NAME, "compose")
    VALID.validate(yaml.safe_load(text))
    assert readers.by_rules(text)["services"] == {
        NAME: {"environment": env | OWN, "secrets": ["ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"]}
    }


@pytest.mark.skipif(not readers.has_compose(), reason="docker compose is not here: its documented rules are")
@MANY
@given(env=VARIABLES)
def test_compose_reads_back_exactly_the_same_text(tmp_path: Path, env: dict[str, str]) -> None:
    files = files_of(wire(with_variables(example(), env), NAME, "compose"), tmp_path)
    keys = {"ANTHROPIC_API_KEY": "a", "OPENROUTER_API_KEY": "b"}
    assert readers.by_compose(files, environment(tmp_path, **keys)) == {NAME: env | OWN}


@pytest.mark.skipif(readers.LOADER is None, reason=f"{readers.LOADER_VARIABLE} names no program")
@MANY
@given(env=VARIABLES)
def test_composes_own_parser_reads_back_the_same_and_takes_the_values_from_the_command(
    tmp_path: Path, env: dict[str, str]
) -> None:
    files = files_of(wire(with_variables(example(), env), NAME, "compose"), tmp_path)
    keys = {"ANTHROPIC_API_KEY": "$a'\"${b}", "OPENROUTER_API_KEY": "$$"}
    assert readers.by_loader(files, environment(tmp_path, **keys)) == {
        "services": {NAME: env | OWN},
        "secrets": {name: {"environment": name, "content": value} for name, value in keys.items()},
    }


def test_the_command_of_the_heading_hands_the_values_to_compose_alone(
    manifest: Manifest, tmp_path: Path
) -> None:
    """The second line is what people copy; the stand-in for keyplan shows what would be started."""
    record_as(tmp_path, "keyplan")
    command = wire(manifest, NAME, "compose").splitlines()[2].removeprefix("# ")
    run(["sh", "-c", command], environment(tmp_path, RECORD=str(tmp_path / "record")), tmp_path)
    assert recorded(tmp_path / "record")[0] == [
        "exec", "--manifest", f"{tmp_path}/.config/keyplan/prod.json", "--consumer", NAME, "--",
        "docker", "compose", "-f", "compose.yaml", "-f", "compose.keyplan.yaml", "up",
    ]  # fmt: skip


def test_a_consumer_without_keys_has_no_secret_and_starts_as_ever(manifest: Manifest) -> None:
    text = wire(without_keys(manifest, env={"A": "$1"}), NAME, "compose")
    VALID.validate(yaml.safe_load(text))
    assert text == (
        "# Keys of chat-api in prod; no value of a key is in here.\n"
        "# As compose.keyplan.yaml beside compose.yaml:\n"
        "# docker compose -f compose.yaml -f compose.keyplan.yaml up\n"
        "services:\n"
        "  chat-api:\n"
        "    environment:\n"
        '      A: "$$1"\n'
    )
    VALID.validate(yaml.safe_load(wire(without_keys(manifest, env={}), NAME, "compose")))


def test_what_no_container_can_have_is_refused(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="NUL") as caught:
        wire(with_variables(manifest, {"TEXT": "CANARY\0"}), NAME, "compose")
    assert "CANARY" not in caught.value.message
    with pytest.raises(ManifestError, match="two variables of the name ANTHROPIC_API_KEY_FILE"):
        wire(with_variables(manifest, {"ANTHROPIC_API_KEY_FILE": "/x"}), NAME, "compose")


@pytest.mark.parametrize("text", ["a: $b", "a: ${b}", "a: b$", "a: $1", "a: $$$b"])
def test_the_reader_of_these_tests_lets_no_dollar_sign_through(text: str) -> None:
    with pytest.raises(readers.InterpolatedError):
        readers.by_rules(text)
