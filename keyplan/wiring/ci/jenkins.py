"""The Jenkins target: a Jenkinsfile with one stage, in which one step has the keys.

The id token is a credential of the OpenID Connect Provider plugin, bound for this step; the script sets the
plain variables itself, because `withEnv` would replace `$NAME` in them. Jenkins masks the token, which it
gave, and not the values, which the script reads: nothing here prints one.

Source: README of the OpenID Connect Provider plugin; Jenkins, "Pipeline Syntax" (`when`, `branch` with
comparators, `changeRequest`, `beforeAgent`), "Pipeline: Nodes and Processes" (`sh` runs a script whose first
line is `#!` with that interpreter), "Credentials Binding" (what is masked); checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.routes import needs_script
from keyplan.wiring.ci.script import AWS_AUDIENCE, Runner, script
from keyplan.wiring.consumers import admission, list_setting, plain_of, subject, text_setting
from keyplan.wiring.federation.tokens import audience_of
from keyplan.wiring.gcp.reader import provider_of
from keyplan.wiring.syntax import groovy

IDENTITY = "KEYPLAN_ID_TOKEN"
RUNNER = Runner(identity=f"${IDENTITY}", build="BUILD_NUMBER", mask="", forget=(IDENTITY,))

_CREDENTIAL_NOTE = """\
A credential of the kind "OpenID Connect id token", at Jenkins' root or in a folder of this job. Its page has
to show this audience and, once it is saved, this issuer:
{audience}
{issuer}"""
_SCRIPT_NOTE = """\
Replace the last line by your program. This step alone has the keys. Jenkins masks the token and does not
mask the keys: do not print them. It needs {tools} on the agent."""
_BRANCHES_NOTE = """\
Only what the trust accepts, and never a pull request, of a fork neither: its job has another address. Whoever
can push to these branches can read: protect them. So can whoever may configure this project in Jenkins."""
_JOB_NOTE = """\
The trust accepts every build of this job: Jenkins cannot tell branches apart in a job without them. Whoever
may configure the job, or push what it checks out, can read; let no pull request start it."""


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The Jenkinsfile of the consumer's job.

    Raises:
        UsageError: a variable that bash cannot set.
        ManifestError: no role or provider, or two variables of one name.
    """
    # The credential says what its token is for; a single one cannot be for the cloud and for Anthropic.
    runner = RUNNER if consumer.keys else replace(RUNNER, identity_for_anthropic=RUNNER.identity)
    text = script(manifest, consumer, pins, runner, plain_of(consumer))
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for Jenkins.\n"
        f"No value and no cloud key is stored there: the build proves who it is, and {admission(consumer)}."
    )
    lines = [
        "pipeline {",
        "  agent any",
        "  stages {",
        f"    stage({groovy.literal(consumer.name)}) {{",
        *_when(consumer, list_setting(consumer, "branches")),
        "      steps {",
        *_steps(manifest, consumer, text),
        "      }",
        "    }",
        "  }",
        "}",
    ]
    return groovy.comment(heading) + "".join(f"{line}\n" for line in lines)


def _when(consumer: ManifestConsumer, branches: tuple[str, ...]) -> Iterator[str]:
    if not branches:
        if needs_script(consumer):
            yield groovy.comment(_JOB_NOTE, "      ").rstrip("\n")
        return
    yield groovy.comment(_BRANCHES_NOTE, "      ").rstrip("\n")
    yield "      when {"
    yield "        beforeAgent true"
    yield "        not { changeRequest() }"
    yield "        anyOf {"
    for name in branches:
        yield f"          branch {_comparison(name)}"
    yield "        }"
    yield "      }"


def _comparison(pattern: str) -> str:
    """A name or a pattern with `*`, which matches a slash too, as Jenkins compares it."""
    if "*" not in pattern:
        return f"pattern: {groovy.literal(pattern)}, comparator: 'EQUALS'"
    parts = (re.sub(r"[^A-Za-z0-9_/-]", r"\\\g<0>", part) for part in pattern.split("*"))
    return f"pattern: {groovy.literal('^' + '.*'.join(parts) + '$')}, comparator: 'REGEXP'"


def _steps(manifest: Manifest, consumer: ManifestConsumer, text: str) -> Iterator[str]:
    # The interpreter stands on the script's very first line: Jenkins would take sh otherwise, and trace it.
    run = f"sh {groovy.block('#!/bin/bash' + chr(10) + text)}"
    if not needs_script(consumer):
        yield groovy.comment("Replace the last line by your program.", "        ").rstrip("\n")
        yield f"        {run}"
        return
    on_gcp = consumer.cloud == "gcp"
    audience = text_setting(consumer, "audience")
    if not consumer.keys and (of_anthropic := audience_of(consumer)) is not None:
        audience = of_anthropic
    if audience is None:
        audience = provider_of(consumer).audience if on_gcp else AWS_AUDIENCE
    issuer = text_setting(consumer, "issuer")
    if issuer is None:
        raise ManifestError(f"consumers.{consumer.name}.settings.issuer: expected an address")
    note = _CREDENTIAL_NOTE.format(audience=_in_comment(audience), issuer=_in_comment(issuer))
    yield groovy.comment(note, "        ").rstrip("\n")
    credential = groovy.literal(_credentials_id(manifest, consumer))
    yield f"        withCredentials([string(credentialsId: {credential}, variable: '{IDENTITY}')]) {{"
    note = _SCRIPT_NOTE.format(tools="bash, curl and jq" if on_gcp else "bash, jq and the AWS CLI")
    yield groovy.comment(note, "          ").rstrip("\n")
    yield f"          {run}"
    yield "        }"


def _credentials_id(manifest: Manifest, consumer: ManifestConsumer) -> str:
    given = text_setting(consumer, "credentialsId")
    return given or f"keyplan-{manifest.environment}-{consumer.name}"


def _in_comment(text: str) -> str:
    if "\\" in text:
        raise ManifestError("an audience or an issuer with a backslash cannot stand in a Jenkinsfile")
    return text
