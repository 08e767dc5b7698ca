"""Google Cloud in a catalogue: what it becomes, and what is said about each mistake."""

from collections.abc import Callable
from typing import Any

import pytest

from keyplan.catalogue import Catalogue, Cloud, GcpSettings, PeopleSettings, ServiceAccountSettings
from keyplan.checks import parse_catalogue

Read = Callable[..., Catalogue]
Mistakes = Callable[..., list[str]]

ON_GCP = "clouds: [gcp], consumers: {chat: {runtime: cloud-run}}"
ROLE = "arn:aws:iam::111122223333:role/x"
RING = "projects/example-prod/locations/{}/keyRings/llm/cryptoKeys/{}"
MEMBERS = "`group:ADDRESS` or `user:ADDRESS`"
ADMINISTRATORS = "`group:ADDRESS`, `user:ADDRESS` or `serviceAccount:ADDRESS`"
REGION = "a Google Cloud region, as in `europe-west1`"
PROJECT = (
    "the id of a Google Cloud project, as in `example-prod`, not its name and not its number; "
    "`gcloud projects list` shows it"
)


def test_an_environment_on_google_cloud_alone_needs_nothing_more(catalogue_of: Read) -> None:
    catalogue = catalogue_of(f"{{{ON_GCP}}}", region=None)
    assert catalogue.clouds == (Cloud.GCP,)
    assert catalogue.gcp == GcpSettings((), (), (), (), data_access_logs=True)
    assert catalogue.consumers["chat"].cloud is Cloud.GCP
    assert catalogue.consumers["chat"].settings == ServiceAccountSettings(None)
    assert catalogue.keys["anthropic"].gcp_secret_id == "prod-anthropic-api-key"


def test_everything_that_is_given_about_google_cloud_is_kept(catalogue_of: Read) -> None:
    keys = [RING.format("europe-west4", "b"), RING.format("europe-west1", "a")]
    catalogue = catalogue_of(
        f"""
        clouds: [aws, gcp]
        gcp:
          replication: [europe-west1, europe-west4]
          kmsKeys: {keys}
          operators:
          - group:on-call@example.com
          - serviceAccount:ci-bot@example-prod.iam.gserviceaccount.com
          auditors: ["user:ann.o+x@example.com"]
          dataAccessLogs: false
        """
    )
    assert catalogue.gcp == GcpSettings(
        replication=("europe-west1", "europe-west4"),
        kms_keys=(keys[1], keys[0]),  # one a location, in the locations' order
        operators=(
            "group:on-call@example.com",
            "serviceAccount:ci-bot@example-prod.iam.gserviceaccount.com",
        ),
        auditors=("user:ann.o+x@example.com",),
        data_access_logs=False,
    )


def test_one_global_key_encrypts_what_google_replicates(catalogue_of: Read) -> None:
    key = RING.format("global", "a")
    catalogue = catalogue_of(f"{{{ON_GCP}, gcp: {{kmsKeys: ['{key}']}}}}")
    assert catalogue.gcp is not None
    assert catalogue.gcp.kms_keys == (key,)


def test_an_environment_without_google_cloud_has_no_settings_of_it(catalogue_of: Read) -> None:
    assert catalogue_of("gcp: {}").gcp is None


MEMBER = "members: ['group:ml@example.com']"
CHOSEN = {
    "the first cloud": ("[aws, gcp]", "runtime: people", Cloud.AWS),
    "the first cloud, in another order": ("[gcp, aws]", f"runtime: people, {MEMBER}", Cloud.GCP),
    "the one that is named": ("[aws, gcp]", f"runtime: people, cloud: gcp, {MEMBER}", Cloud.GCP),
    "its runtime's, whatever comes first": ("[aws, gcp]", "runtime: cloud-build", Cloud.GCP),
    "its runtime's, on aws": ("[gcp, aws]", "runtime: ecs", Cloud.AWS),
}


@pytest.mark.parametrize(("clouds", "fields", "expected"), CHOSEN.values(), ids=CHOSEN)
def test_a_consumer_reads_from(catalogue_of: Read, clouds: str, fields: str, expected: Cloud) -> None:
    catalogue = catalogue_of(
        f"{{clouds: {clouds}, consumers: {{team: {{keys: [anthropic], {fields}}}, chat: (gone)}}}}"
    )
    assert catalogue.consumers["team"].cloud is expected
    assert [each.name for each in catalogue.consumers_in(expected)] == ["team"]


def test_lockdown_asks_for_a_break_glass_role_and_a_permission_set_on_aws_only(
    catalogue_of: Read, mistakes_of: Mistakes
) -> None:
    people = f"consumers: {{chat: {{runtime: people, {MEMBER}}}}}"
    catalogue = catalogue_of(f"{{clouds: [gcp], lockdown: true, {people}}}")
    assert catalogue.keys["anthropic"].lockdown
    assert catalogue.consumers["chat"].settings == PeopleSettings(None, ("group:ml@example.com",))
    found = mistakes_of(f"{{clouds: [gcp, aws], lockdown: true, {people}}}")
    assert [line.split(":")[0] for line in found] == ["breakGlassRole"]


def test_a_name_that_only_aws_would_take_for_an_arn_is_right_on_google_cloud(catalogue_of: Read) -> None:
    catalogue = catalogue_of(f"{{{ON_GCP}, keys: {{anthropic: {{secretName: prod/my-secret}}}}}}")
    assert catalogue.keys["anthropic"].gcp_secret_id == "prod-my-secret"


def test_a_long_name_of_a_consumer_is_shortened_on_google_cloud(catalogue_of: Read) -> None:
    name, uuid = "a" * 64, "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a"
    for fields in (
        "runtime: cloud-run",
        f"runtime: circleci, cloud: gcp, organizationId: {uuid}, projectId: {uuid}",
    ):
        long = f"{name}: {{{fields}, keys: [router]}}"
        assert name in catalogue_of(f"{{clouds: [aws, gcp], consumers: {{{long}}}}}").consumers


def test_a_default_of_pulumi_yaml_that_belongs_to_another_cloud_is_no_mistake(catalogue_of: Read) -> None:
    assert catalogue_of(f"{{{ON_GCP}, operators: [], auditors: [], breakGlassRole: '', gcp: {{}}}}")


MISTAKES: dict[str, tuple[str, list[str]]] = {
    "a runtime whose cloud the environment lacks": (
        "clouds: [gcp]",
        [
            "consumers.chat.runtime: found `ecs`, which runs on aws; allowed: what reads from gcp, the "
            "environment's clouds; or add aws to them, as in `clouds: [gcp, aws]`"
        ],
    ),
    "a runtime of google cloud without it": (
        "consumers: {chat: {runtime: gke, namespace: a, serviceAccount: b}}",
        [
            "consumers.chat.runtime: found `gke`, which runs on gcp; allowed: what reads from aws, the "
            "environment's clouds; or add gcp to them, as in `clouds: [aws, gcp]`"
        ],
    ),
    "a cloud that the environment lacks": (
        f"consumers: {{chat: {{runtime: people, cloud: gcp, {MEMBER}}}}}",
        [
            "consumers.chat.cloud: found a consumer on gcp; allowed: what reads from aws, the environment's "
            "clouds; or add gcp to them, as in `clouds: [aws, gcp]`"
        ],
    ),
    "a cloud where the runtime says which": (
        "{clouds: [aws, gcp], consumers: {chat: {cloud: gcp}}}",
        [
            "consumers.chat.cloud: found an unknown field; allowed: no `cloud` with runtime ecs; it belongs "
            "to people, github-actions, gitlab-ci, circleci, buildkite, bitbucket-pipelines, "
            "azure-pipelines, jenkins, pulumi-deployments"
        ],
    ),
    "a cloud that does not exist": (
        f"{{clouds: [aws, gcp], consumers: {{chat: {{runtime: people, cloud: gpc, {MEMBER}}}}}}}",
        ["consumers.chat.cloud: found `gpc`; allowed: aws or gcp; did you mean `gcp`?"],
    ),
    "misspelt clouds, and nothing that follows from them": (
        "{clouds: [gpc], consumers: {chat: {runtime: cloud-run}}, gcp: {auditors: ['group:a@example.com']}}",
        ["clouds[0]: found `gpc`; allowed: aws or gcp; did you mean `gcp`?"],
    ),
    "people without members": (
        "{clouds: [gcp], consumers: {chat: {runtime: people}}}",
        ["consumers.chat.members: found nothing; allowed: list of members, as in `[group:ml@example.com]`"],
    ),
    "people with what the other cloud calls them": (
        "{clouds: [gcp, aws], consumers: {chat: {runtime: people, permissionSet: Llm}, "
        f"team: {{runtime: people, cloud: aws, keys: [router], {MEMBER}}}}}}}",
        [
            "consumers.chat.permissionSet: found a field that only aws has; allowed: no `permissionSet` on "
            "gcp; `members` says who they are there",
            "consumers.chat.members: found nothing; allowed: list of members, as in `[group:ml@example.com]`",
            "consumers.team.members: found a field that only gcp has; allowed: no `members` on aws; "
            "`permissionSet` says who they are there",
        ],
    ),
    "members that are no people": (
        "{clouds: [gcp], consumers: {chat: {runtime: people, members: [ml@example.com, allUsers, "
        "'domain:example.com', 'group:*', 'serviceAccount:chat-api@example-prod.iam.gserviceaccount.com']}}}",
        [
            f"consumers.chat.members[0]: found `ml@example.com`; allowed: {MEMBERS}, as in "
            "`group:ml@example.com`; did you mean `group:ml@example.com`?",
            f"consumers.chat.members[1]: found `allUsers`; allowed: {MEMBERS}: this would be everybody",
            f"consumers.chat.members[2]: found `domain:example.com`; allowed: {MEMBERS}, as in "
            "`group:ml@example.com`",
            f"consumers.chat.members[3]: found `group:*`; allowed: {MEMBERS}, as in `group:ml@example.com`",
            "consumers.chat.members[4]: found "
            f"`serviceAccount:chat-api@example-prod.iam.gserviceaccount.com`; allowed: {MEMBERS}, as in "
            "`group:ml@example.com`",
        ],
    ),
    "a gitlab project by its name alone": (
        "{clouds: [gcp], consumers: {chat: {runtime: gitlab-ci, project: a/b, branches: [main]}}}",
        ["consumers.chat.projectId: found nothing; allowed: number, as in `278964`"],
    ),
    "a gitlab project's number where aws can't compare it": (
        "consumers: {chat: {runtime: gitlab-ci, project: a/b, projectId: 7, branches: [main]}}",
        [
            "consumers.chat.projectId: found a field that only gcp has; allowed: no `projectId` on aws; AWS "
            "compares the project's name alone"
        ],
    ),
    "fields of aws where it is not": (
        f"{{{ON_GCP}, operators: ['{ROLE}'], auditors: ['{ROLE}'], breakGlassRole: '{ROLE}', "
        "lockdown: true, keys: {anthropic: {replicas: [us-east-1], adopt: x}}}",
        [
            "breakGlassRole: found a field that only aws has; allowed: no `breakGlassRole` on gcp; the "
            "project's owners can let themselves read again",
            "operators: found a field that only aws has; allowed: no `operators` on gcp; they are named in "
            "`gcp: {operators: […]}`",
            "auditors: found a field that only aws has; allowed: no `auditors` on gcp; they are named in "
            "`gcp: {auditors: […]}`",
            "keys.anthropic.replicas: found a field that only aws has; allowed: no `replicas` on gcp; "
            "`gcp: {replication: […]}` says where all of them are stored",
            "keys.anthropic.adopt: found a field that only aws has; allowed: no `adopt` on gcp",
        ],
    ),
    "the section of google cloud without it": (
        "gcp: {operators: ['group:a@example.com']}",
        [
            "gcp: found a field that only gcp has; allowed: no `gcp` on aws; it needs gcp in `clouds`, as in "
            "`clouds: [aws, gcp]`"
        ],
    ),
    "two secrets of one id": (
        f"{{{ON_GCP}, keys: {{anthropic: {{secretName: a/b}}, router: {{secretName: a-b}}}}}}",
        [
            "keys.router.secretName: found `a-b`; allowed: a name that is another one on gcp as well, where "
            "a slash is a hyphen; the key anthropic is stored there as a-b"
        ],
    ),
    "a secret's name that is no id": (
        "{clouds: [aws, gcp], "
        "keys: {anthropic: {secretName: prod/a=b}, router: {secretName: prod/my-secret}}}",
        [
            "keys.anthropic.secretName: found `prod/a=b`; allowed: on gcp at most 255 letters, digits, "
            "hyphens, underscores and slashes, which become hyphens; did you mean `prod/a-b`?",
            "keys.router.secretName: found `prod/my-secret`; allowed: a name that does not end in a hyphen "
            "and six letters or digits: AWS adds such an ending to every secret's ARN, and policies would "
            "take this name for another secret's ARN; did you mean `prod/my-secret-key`?",
        ],
    ),
    "a secret's name that is too long for an id": (
        f"{{{ON_GCP}, keys: {{anthropic: {{secretName: {'x' * 256}}}}}}}",
        [
            f"keys.anthropic.secretName: found `{'x' * 60}…`; allowed: on gcp at most 255 letters, digits, "
            "hyphens, underscores and slashes, which become hyphens"
        ],
    ),
    "service accounts that are none of the consumer's own": (
        "{clouds: [gcp], consumers: {"
        "chat: {runtime: cloud-run, serviceAccount: '1234-compute@developer.gserviceaccount.com'}, "
        "b: {runtime: cloud-build, keys: [router], serviceAccount: '1234@cloudbuild.gserviceaccount.com'}, "
        "c: {runtime: compute-engine, keys: [router], serviceAccount: chat}, "
        "d: {runtime: cloud-run-job, keys: [router], "
        "serviceAccount: 'serviceAccount:chat-api@example-prod.iam.gserviceaccount.com'}}}",
        [
            "consumers.b.serviceAccount: found `1234@cloudbuild.gserviceaccount.com`; allowed: a service "
            "account of this consumer's own: with the project's default one, everything that runs as it "
            "could read the keys",
            "consumers.c.serviceAccount: found `chat`; allowed: the address of a service account, as in "
            "`NAME@PROJECT.iam.gserviceaccount.com`",
            "consumers.chat.serviceAccount: found `1234-compute@developer.gserviceaccount.com`; allowed: a "
            "service account of this consumer's own: with the project's default one, everything that runs "
            "as it could read the keys",
            "consumers.d.serviceAccount: found "
            "`serviceAccount:chat-api@example-prod.iam.gserviceaccount.com`; allowed: the address of a "
            "service account, as in `NAME@PROJECT.iam.gserviceaccount.com`; did you mean "
            "`chat-api@example-prod.iam.gserviceaccount.com`?",
        ],
    ),
    "the number of a cluster's project": (
        "{clouds: [gcp], consumers: {chat: {runtime: gke, namespace: web, serviceAccount: chat, "
        "project: '123456789012', cluster: main}}}",
        [
            "consumers.chat.cluster: found an unknown field; allowed: no `cluster` with runtime gke; it "
            "belongs to eks",
            f"consumers.chat.project: found `123456789012`; allowed: {PROJECT}",
        ],
    ),
    "settings of google cloud that are none": (
        f"{{{ON_GCP}, gcp: {{replication: [europe-west1-b, eu-west-1], kmsKeys: [x], "
        "operators: [allAuthenticatedUsers, a@example.com], dataAccessLogs: 'no', kmskey: 1}}",
        [
            "gcp.kmskey: found an unknown field; allowed: one of replication, kmsKeys, operators, auditors, "
            "dataAccessLogs; did you mean `kmsKeys`?",
            f"gcp.replication[0]: found `europe-west1-b`; allowed: {REGION}; did you mean `europe-west1`?",
            f"gcp.replication[1]: found `eu-west-1`; allowed: {REGION}",
            "gcp.kmsKeys[0]: found `x`; allowed: the full name of a Cloud KMS key, as in "
            "`projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY`",
            f"gcp.operators[0]: found `allAuthenticatedUsers`; allowed: {ADMINISTRATORS}: this would be "
            "everybody",
            f"gcp.operators[1]: found `a@example.com`; allowed: {ADMINISTRATORS}, as in "
            "`group:on-call@example.com`; did you mean `group:a@example.com`?",
            "gcp.dataAccessLogs: found `no`; allowed: true or false, without quotes; did you mean `false`?",
        ],
    ),
    "a location without its key": (
        f"{{{ON_GCP}, gcp: {{replication: [europe-west1, europe-west4], "
        f"kmsKeys: ['{RING.format('europe-west4', 'a')}']}}}}",
        [
            "gcp.kmsKeys: found no key in europe-west1; allowed: one key in each of europe-west1, "
            "europe-west4, where the values are"
        ],
    ),
    "keys that are elsewhere": (
        f"{{{ON_GCP}, gcp: {{kmsKeys: ['{RING.format('europe-west4', 'a')}', "
        f"'{RING.format('global', 'a')}', '{RING.format('global', 'b')}']}}}}",
        [
            "gcp.kmsKeys[0]: found a key in europe-west4; allowed: one key, in global: without "
            "`replication` Google chooses where the values are",
            "gcp.kmsKeys[2]: found a second key in global; allowed: one key, in global: without "
            "`replication` Google chooses where the values are",
        ],
    ),
    "a credential of google cloud as a variable": (
        "{clouds: [gcp], keys: {router: {envVar: GOOGLE_APPLICATION_CREDENTIALS}}, "
        "consumers: {chat: {runtime: cloud-run, env: {GOOGLE_OAUTH_ACCESS_TOKEN: x}}}}",
        [
            "keys.router.envVar: found `GOOGLE_APPLICATION_CREDENTIALS`; allowed: a variable of its own: "
            "programs and shells use this one for something else",
            "consumers.chat.env.GOOGLE_OAUTH_ACCESS_TOKEN: found GOOGLE_OAUTH_ACCESS_TOKEN as a plain "
            "variable; allowed: no cloud credential: a consumer reads with the identity of its runtime",
        ],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_about_google_cloud_is_said_with_the_way_out(name: str, mistakes_of: Mistakes) -> None:
    change, expected = MISTAKES[name]
    assert mistakes_of(change) == expected


def test_consumers_whose_ids_are_shortened_to_one_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two names of one hash can't be found here: a hash that is always the same stands for them.
    monkeypatch.setattr("keyplan.names.service_account_id", lambda environment, consumer: "prod-1234abcd")
    values: dict[str, Any] = {
        "owner": "a@example.com",
        "clouds": ["gcp"],
        "keys": {"anthropic": {"vendor": "anthropic"}},
        "consumers": {name: {"runtime": "cloud-run", "keys": ["anthropic"]} for name in ("one", "two")},
    }
    with pytest.raises(Exception, match=r"consumers.two: found `two`; allowed: another name: one would have"):
        parse_catalogue(values, "prod")
