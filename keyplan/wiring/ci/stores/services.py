"""Stores that are asked over HTTP, by curl: Buildkite, Bitbucket, Azure Pipelines, Jenkins.

Their own programs take a value as an argument, or from a terminal only. A body is curl's standard input, and
a token a file that exists as a pipe only. `jq` makes the body, from its standard input too.

Source: Buildkite Docs, "Access policies for Buildkite secrets", and go-buildkite, cluster_secrets.go;
Bitbucket Cloud REST API, "Pipelines" (variables, `secured`); Azure DevOps REST API 7.1, "Variablegroups"
(Add, Update, Get Variable Groups); Jenkins, Credentials plugin, "User Guide", REST API (createCredentials,
config.xml); checked 2026-11-21.
"""

from __future__ import annotations

import json
import shlex
from urllib.parse import quote

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.stores.store import Store, constant_name, required
from keyplan.wiring.consumers import list_setting, text_setting

# `{header}` is printf's format and arguments for the header that holds a token.
_CALL = """\
call() {{ # method, address; with a third argument the body is standard input
  curl --silent --show-error --fail --globoff --max-time 30 --header 'Content-Type: {type}' \\
    --header @<(printf {header}) --request "$1" ${{3:+--data-binary @-}} "$2"
}}
"""
_BEARER = "'Authorization: Bearer %s\\n' \"${token}\""
_BASIC = "'Authorization: Basic %s\\n' \"$(printf '%s:%s' {user} | base64 | tr -d '\\n')\""


def _call(header: str, content_type: str = "application/json") -> str:
    return _CALL.format(header=header, type=content_type)


def buildkite(manifest: Manifest, consumer: ManifestConsumer) -> Store:
    """A secret of a Buildkite cluster, which an access policy ties to the pipeline and its branches."""
    organization, pipeline = required(consumer, "organization"), required(consumer, "pipeline")
    branches = [branch for branch in list_setting(consumer, "branches") if "*" not in branch]
    policy = f"- pipeline_slug: {json.dumps(pipeline)}\n"
    if branches:
        policy += f"  build_branch: {json.dumps(branches)}\n"
    start = constant_name("keyplan", manifest.environment, consumer.name)
    address = f"https://api.buildkite.com/v2/organizations/{quote(organization, safe='')}/clusters"
    return Store(
        place=f"the secrets of a cluster of {organization} at Buildkite",
        readers=f"Builds of the pipeline {pipeline}, by an access policy"
        + (f", on {', '.join(branches)}" if branches else "; add a claim for its branches to it")
        + ".\nWhoever can change the pipeline's steps, push to such a branch, or maintain the cluster.",
        use=f"secrets: {{VARIABLE: {start}_VARIABLE}}, at the step that needs it",
        needs="curl, jq, BUILDKITE_API_TOKEN (with read_clusters, write_secrets) and BUILDKITE_CLUSTER_ID",
        define=f"""\
: "${{BUILDKITE_API_TOKEN:?}}" "${{BUILDKITE_CLUSTER_ID:?}}"
secrets="{address}/$BUILDKITE_CLUSTER_ID/secrets"
{_call(_BEARER.replace("${token}", "$BUILDKITE_API_TOKEN"))}store() {{
  local name id
  name="{start}_$1"
  id="$(call GET "$secrets?per_page=100" | jq -r --arg name "$name" '.[] | select(.key == $name).id')"
  if [ -n "$id" ]; then
    printf %s "${{!1}}" | jq -Rs '{{value: .}}' | call PUT "$secrets/$id/value" body > /dev/null
  else
    printf %s "${{!1}}" | jq -Rs --arg name "$name" --arg policy {shlex.quote(policy)} \\
      '{{key: $name, value: ., policy: $policy}}' | call POST "$secrets" body > /dev/null
  fi
}}
""",
    )


def bitbucket(manifest: Manifest, consumer: ManifestConsumer) -> Store:
    """Secured variables at Bitbucket: of a deployment environment where the consumer has one."""
    workspace, repository = required(consumer, "workspace"), required(consumer, "repositoryId")
    environment = text_setting(consumer, "environmentId")
    named = text_setting(consumer, "environment")
    start = f"https://api.bitbucket.org/2.0/repositories/{quote(workspace, safe='')}/%7B{repository}%7D"
    kind = f"deployments_config/environments/%7B{environment}%7D" if environment else "pipelines_config"
    readers = (
        f"Steps with `deployment: {named}`, which Bitbucket can keep to some branches."
        if environment
        else "Every step of every pipeline of the repository: whoever can push to it. Give the consumer an\n"
        "`environment`, which Bitbucket can keep to some branches."
    )
    return Store(
        place=f"secured variables of a repository of {workspace} at Bitbucket",
        readers=f"{readers}\nA fork's pipelines run in the fork, which has none of them.",
        use=f"deployment: {named}, at the step that needs it" if environment else "every step has it",
        needs="curl, jq and BITBUCKET_TOKEN, an access token of the repository (pipeline:variable)",
        define=f"""\
: "${{BITBUCKET_TOKEN:?}}"
variables={shlex.quote(f"{start}/{kind}/variables")}
{_call(_BEARER.replace("${token}", "$BITBUCKET_TOKEN"))}store() {{
  local id method=POST
  id="$(call GET "$variables?pagelen=100" |
    jq -r --arg name "$1" '.values[] | select(.key == $name).uuid | ltrimstr("{{") | rtrimstr("}}")')"
  [ -z "$id" ] || method=PUT
  printf %s "${{!1}}" | jq -Rs --arg name "$1" '{{key: $name, value: ., secured: true}}' |
    call "$method" "$variables${{id:+/%7B$id%7D}}" body > /dev/null
}}
""",
    )


def azure(manifest: Manifest, consumer: ManifestConsumer) -> Store:
    """A variable group of Azure Pipelines that holds this consumer's keys and nothing else.

    Azure replaces a group as a whole, so the values are collected and sent together, each as a secret.
    """
    organization = text_setting(consumer, "organization")
    project = text_setting(consumer, "projectId") or text_setting(consumer, "project")
    group = f"{manifest.environment}-{consumer.name}"
    asked = (
        "" if organization and project else ' "${AZURE_DEVOPS_ORGANIZATION:?}" "${AZURE_DEVOPS_PROJECT:?}"'
    )
    found = (quote(organization or "", safe=""), quote(project or "", safe=""))
    where = found if not asked else ("$AZURE_DEVOPS_ORGANIZATION", "$AZURE_DEVOPS_PROJECT")
    token = _BASIC.format(user='"" "$AZURE_DEVOPS_EXT_PAT"')
    return Store(
        place=f"the variable group {group} of Azure Pipelines",
        readers="Pipelines that the group's own settings permit: allow this one alone, and add a check for\n"
        "branches there. Builds of a fork's pull request get none, unless the pipeline's settings say so.",
        use=f"variables: [{{group: {group}}}], and env: {{VARIABLE: $(VARIABLE)}} at its step.\n"
        "The group is replaced as a whole: keep nothing else in it.",
        needs="curl, jq and AZURE_DEVOPS_EXT_PAT, a token that may manage variable groups"
        + ("" if not asked else ",\nAZURE_DEVOPS_ORGANIZATION and AZURE_DEVOPS_PROJECT"),
        define=f"""\
: "${{AZURE_DEVOPS_EXT_PAT:?}}"{asked}
organization="https://dev.azure.com/{where[0]}"
groups="_apis/distributedtask/variablegroups"
group={shlex.quote(group)}
{_call(token)}store() {{
  local id project method=POST
  project="$(call GET "$organization/_apis/projects/{where[1]}?api-version=7.1" | jq '{{id, name}}')"
  id="$(call GET "$organization/{where[1]}/$groups?groupName=$group&api-version=7.1" |
    jq -r --arg name "$group" '.value[] | select(.name == $name).id')"
  [ -z "$id" ] || method=PUT
  for name in "$@"; do
    printf %s "${{!name}}" | jq -Rs --arg name "$name" '{{($name): {{value: ., isSecret: true}}}}'
  done | jq -s --arg name "$group" --argjson project "$project" '{{name: $name, type: "Vsts", variables: add,
      variableGroupProjectReferences: [{{name: $name, projectReference: $project}}]}}' |
    call "$method" "$organization/$groups${{id:+/$id}}?api-version=7.1" body > /dev/null
}}
""",
        together=True,
    )


def jenkins(manifest: Manifest, consumer: ManifestConsumer) -> Store:
    """Secret texts of Jenkins, in the folder of the job where it is in one."""
    folder, _, _ = required(consumer, "job").rpartition("/")
    path = "".join(f"/job/{quote(part, safe='')}" for part in folder.split("/") if part)
    start = f"{required(consumer, 'url')}{path}/credentials/store/{'folder' if folder else 'system'}/domain/_"
    prefix = f"{manifest.environment}-{consumer.name}-"
    readers = (
        f"Every job in the folder {folder}, on every branch and pull request that it builds."
        if folder
        else "Every job of this Jenkins. Put the job into a folder, whose credentials are its jobs' alone."
    )
    kind = "org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl"
    token = _BASIC.format(user='"$JENKINS_USER_ID" "$JENKINS_API_TOKEN"')
    return Store(
        place=f"the credentials of {required(consumer, 'url')}",
        readers=f"{readers}\nWhoever may configure one of them, or administers Jenkins.",
        use=f"withCredentials([string(credentialsId: '{prefix}VARIABLE', variable: 'VARIABLE')]) {{ … }}",
        needs="curl, jq, JENKINS_USER_ID and JENKINS_API_TOKEN; Jenkins' plugin Plain Credentials",
        define=f"""\
: "${{JENKINS_USER_ID:?}}" "${{JENKINS_API_TOKEN:?}}"
credentials={shlex.quote(start)}
{_call(token, "application/xml")}store() {{
  local id address
  id={shlex.quote(prefix)}"$1"
  address="$credentials/createCredentials"
  if call GET "$credentials/credential/$id/config.xml" > /dev/null 2>&1; then
    address="$credentials/credential/$id/config.xml"
  fi
  printf %s "${{!1}}" | jq -Rrs --arg id "$id" \\
    '"<{kind}><scope>GLOBAL</scope><id>\\($id)</id><secret>\\(. | @html)</secret></{kind}>"' |
    call POST "$address" body > /dev/null
}}
""",
    )
