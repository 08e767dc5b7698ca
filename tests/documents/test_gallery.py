"""docs/gallery.md is what its script writes now; what accepted a text could have refused it."""

from __future__ import annotations

import pytest

from docs import gallery, gallery_table, gallery_validators
from keyplan.routes import Route
from keyplan.wiring import TARGETS, wire

BROKEN = "if (\n[: {\n"


def test_the_page_is_what_the_script_writes() -> None:
    assert gallery.document() == gallery.DOCUMENT.read_text(), f"run: {gallery.COMMAND}"


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_an_example_and_each_of_its_validators_refuses_what_is_broken(target: str) -> None:
    examples = list(gallery_table.examples_of(target))
    assert {cloud for cloud, _, _ in examples} == TARGETS[target].clouds
    for validator in gallery_validators.validators_of(target):
        if validator.is_here:
            with pytest.raises(Exception, match=r".*"):
                validator.accept(BROKEN)


@pytest.mark.parametrize(
    ("target", "right", "wrong"),
    [
        ("ecs", "valueFrom", "valueOf"),
        ("lambda", "Variables", "Variable"),
        ("lambda-extension", "Handler", "Handle"),
        ("cloud-run", "secretKeyRef", "secretKey"),
        ("cloud-build", "secretEnv", "secretsEnv"),
        ("github-actions", "runs-on", "run-on"),
        ("gitlab-ci", "id_tokens", "id_token"),
        ("buildkite", "steps:", "step:"),
        ("circleci", "docker:", "docked:"),
        ("compose", "environment:", "environ:"),
        ("ec2", "[Service]", "[Servant]"),
    ],
)
def test_a_field_of_another_name_is_refused(target: str, right: str, wrong: str) -> None:
    _, manifest, name = next(gallery_table.examples_of(target))
    text = wire(manifest, name, target)
    assert right in text
    refused = []
    for validator in gallery_validators.validators_of(target):
        try:
            validator.accept(text.replace(right, wrong))
        except Exception:  # each has its own
            refused.append(validator.words)
    assert refused


def test_a_target_without_a_validator_is_told_where_one_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = TARGETS["ecs"]
    monkeypatch.setitem(TARGETS, "new", type(kind)("something new", kind.module, kind.runtimes, kind.clouds))
    with pytest.raises(LookupError, match=r"docs/gallery_validators\.py has no validator for the target new"):
        gallery_validators.validators_of("new")


def test_the_table_says_why_people_alone_have_a_login_and_where_a_model_is_called() -> None:
    [reason] = gallery_table.answer("ecs", "aws", Route.SUBSCRIPTION).reasons
    assert "only people have a login" in reason
    assert gallery_table.answer("ecs", "aws", Route.BEDROCK).works
    assert not gallery_table.answer("ecs", "aws", Route.VERTEX).works
    assert gallery_table.answer("cloud-run", "gcp", Route.VERTEX).works
    assert gallery_table.answer("claude-code", "aws", Route.DIRECT) == gallery_table.Answer(True, "yes", ())
