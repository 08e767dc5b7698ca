"""What a short configuration becomes."""

from collections.abc import Callable
from typing import Any

import pytest

from keyplan.catalogue import (
    Catalogue,
    ClaudeCode,
    Cloud,
    CodebuildSettings,
    Consumer,
    EcsSettings,
    EksIdentity,
    EksSettings,
    GkeSettings,
    Key,
    PeopleSettings,
    ReadAt,
    ReminderMode,
    RoleSettings,
    Runtime,
    ServiceAccountSettings,
    Settings,
    consumer_settings,
)
from keyplan.ci_settings import (
    BuildkiteSettings,
    CircleciSettings,
    GithubSettings,
    GitlabSettings,
    PulumiDeploymentsSettings,
)
from keyplan.durations import Duration
from tests.catalogue.test_catalogue_ci_servers import SETTINGS as OF_SERVERS

Read = Callable[..., Catalogue]
ROLE = "arn:aws:iam::111122223333:role/app/chat"
ORGANIZATION = "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a"
PROJECT = "7f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f"
ACCOUNT = "chat-api@example-prod.iam.gserviceaccount.com"


def test_everything_that_is_left_out_has_its_documented_default(catalogue_of: Read) -> None:
    assert catalogue_of("{keys: {router: (gone)}}") == Catalogue(
        environment="prod",
        clouds=(Cloud.AWS,),
        owner="platform@example.com",
        keys={
            "anthropic": Key(
                name="anthropic",
                vendor="anthropic",
                owner="platform@example.com",
                env_var="ANTHROPIC_API_KEY",
                secret_name="prod/anthropic-api-key",
                rotate_every=Duration.parse("90d"),
                remind_before=Duration.parse("14d"),
                grace=Duration.parse("7d"),
                value_format=None,
                lockdown=False,
                replicas=(),
            )
        },
        consumers={
            "chat": Consumer("chat", Runtime.ECS, ("anthropic",), {}, EcsSettings(ReadAt.START, None)),
        },
        reminders=ReminderMode.PER_KEY,
        escalate_after=Duration.parse("7d"),
        recovery_window_days=30,
        protect=True,
        break_glass_role=None,
        operators=(),
        auditors=(),
        claude_code=None,
    )


def test_everything_that_is_given_is_kept(catalogue_of: Read) -> None:
    catalogue = catalogue_of(
        f"""
        environment: prod
        reminders: perEnvironment
        escalateAfter: 2w
        recoveryWindow: 168h
        protect: false
        lockdown: true
        breakGlassRole: {ROLE}
        operators: [{ROLE}]
        auditors: ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/ann"]
        claudeCode: {{route: direct, key: anthropic}}
        keys:
          anthropic:
            owner: ml+keys@example.com
            envVar: ANTHROPIC_KEY
            secretName: llm/anthropic
            rotateEvery: 30d
            remindBefore: 36h
            grace: 1d
            lockdown: false
            replicas: [eu-central-1, us-gov-west-1]
        """
    )
    assert catalogue.keys["anthropic"] == Key(
        name="anthropic",
        vendor="anthropic",
        owner="ml+keys@example.com",
        env_var="ANTHROPIC_KEY",
        secret_name="llm/anthropic",
        rotate_every=Duration.parse("30d"),
        remind_before=Duration.parse("36h"),
        grace=Duration.parse("1d"),
        value_format=None,
        lockdown=False,
        replicas=("eu-central-1", "us-gov-west-1"),
    )
    assert catalogue.keys["router"].lockdown is True, "a key without its own lockdown has the environment's"
    assert catalogue.keys["router"].value_format == "rk-[0-9a-f]{24}"
    top = (catalogue.reminders, catalogue.escalate_after, catalogue.recovery_window_days, catalogue.protect)
    assert top == (ReminderMode.PER_ENVIRONMENT, Duration.parse("14d"), 7, False)
    assert (catalogue.break_glass_role, catalogue.operators) == (ROLE, (ROLE,))
    assert catalogue.auditors == ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/ann")
    assert catalogue.claude_code == ClaudeCode("direct", "anthropic")


SETTINGS: dict[str, tuple[str, Settings, dict[str, Any]]] = {
    "ecs that reads at start": ("runtime: ecs", EcsSettings(ReadAt.START, None), {"readAt": "start"}),
    "ecs that reads at run": (
        f"runtime: ecs, readAt: run, roleArn: '{ROLE}'",
        EcsSettings(ReadAt.RUN, ROLE),
        {"readAt": "run", "roleArn": ROLE},
    ),
    "ecs that says what to deploy again": (
        "runtime: ecs, ecsCluster: main, ecsService: chat_api",
        EcsSettings(ReadAt.START, None, "main", "chat_api"),
        {"readAt": "start", "ecsCluster": "main", "ecsService": "chat_api"},
    ),
    "lambda": ("runtime: lambda", RoleSettings(None), {}),
    "lambda that says what to start anew": (
        "runtime: lambda, functionName: Chat-1",
        RoleSettings(None, "Chat-1"),
        {"functionName": "Chat-1"},
    ),
    "eks that says what to roll out again": (
        "runtime: eks, cluster: main, namespace: web, serviceAccount: chat, deployment: chat-api",
        EksSettings(EksIdentity.POD_IDENTITY, "main", "web", "chat", None, None, "chat-api"),
        {
            "identity": "pod-identity",
            "cluster": "main",
            "namespace": "web",
            "serviceAccount": "chat",
            "deployment": "chat-api",
        },
    ),
    "cloud run that says what to deploy again": (
        "runtime: cloud-run, serviceName: chat-api",
        ServiceAccountSettings(None, "chat-api"),
        {"serviceName": "chat-api"},
    ),
    "cloud run job that says what to deploy again": (
        "runtime: cloud-run-job, serviceName: nightly",
        ServiceAccountSettings(None, "nightly"),
        {"serviceName": "nightly"},
    ),
    "gke that says what to roll out again": (
        "runtime: gke, namespace: web, serviceAccount: chat, deployment: indexer",
        GkeSettings("web", "chat", None, "indexer"),
        {"namespace": "web", "serviceAccount": "chat", "deployment": "indexer"},
    ),
    "ec2": (f"runtime: ec2, roleArn: '{ROLE}'", RoleSettings(ROLE), {"roleArn": ROLE}),
    "existing role": (f"runtime: iam-role, roleArn: '{ROLE}'", RoleSettings(ROLE), {"roleArn": ROLE}),
    "eks with pod identity": (
        "runtime: eks, cluster: main, namespace: web, serviceAccount: chat",
        EksSettings(EksIdentity.POD_IDENTITY, "main", "web", "chat", None, None),
        {"identity": "pod-identity", "cluster": "main", "namespace": "web", "serviceAccount": "chat"},
    ),
    "eks with irsa": (
        "runtime: eks, identity: irsa, cluster: main, namespace: web, serviceAccount: chat, "
        "oidcIssuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF'",
        EksSettings(
            EksIdentity.IRSA,
            "main",
            "web",
            "chat",
            "https://oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF",
            None,
        ),
        {
            "identity": "irsa",
            "cluster": "main",
            "namespace": "web",
            "serviceAccount": "chat",
            "oidcIssuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF",
        },
    ),
    "cloud run": (
        "runtime: cloud-run",
        ServiceAccountSettings(None),
        {},
    ),
    "cloud run job": (
        f"runtime: cloud-run-job, serviceAccount: '{ACCOUNT}'",
        ServiceAccountSettings(ACCOUNT),
        {"serviceAccount": ACCOUNT},
    ),
    "gke": (
        "runtime: gke, namespace: web, serviceAccount: chat, project: example-clusters",
        GkeSettings("web", "chat", "example-clusters"),
        {"namespace": "web", "serviceAccount": "chat", "project": "example-clusters"},
    ),
    "compute engine": ("runtime: compute-engine", ServiceAccountSettings(None), {}),
    "cloud build": (
        f"runtime: cloud-build, serviceAccount: '{ACCOUNT}'",
        ServiceAccountSettings(ACCOUNT),
        {"serviceAccount": ACCOUNT},
    ),
    "people": ("runtime: people, permissionSet: Llm", PeopleSettings("Llm"), {"permissionSet": "Llm"}),
    "people on gcp": (
        "runtime: people, cloud: gcp, members: ['group:ml@example.com', 'user:ann@example.com']",
        PeopleSettings(None, ("group:ml@example.com", "user:ann@example.com")),
        {"members": ["group:ml@example.com", "user:ann@example.com"]},
    ),
    "github": (
        "runtime: github-actions, repository: example/evals, repositoryId: 123, repositoryOwnerId: '45', "
        "environment: production, branches: [main, release/*], tags: [v*]",
        GithubSettings("example/evals", "123", "45", "production", ("main", "release/*"), ("v*",)),
        {
            "repository": "example/evals",
            "repositoryId": "123",
            "repositoryOwnerId": "45",
            "environment": "production",
            "branches": ["main", "release/*"],
            "tags": ["v*"],
        },
    ),
    "gitlab": (
        "runtime: gitlab-ci, project: example/data/nightly, branches: [main]",
        GitlabSettings("example/data/nightly", ("main",), (), "https://gitlab.com"),
        {"project": "example/data/nightly", "branches": ["main"], "issuer": "https://gitlab.com"},
    ),
    "gitlab on gcp": (
        "runtime: gitlab-ci, cloud: gcp, project: example/nightly, projectId: 278964, tags: [v1]",
        GitlabSettings("example/nightly", (), ("v1",), "https://gitlab.com", "278964"),
        {"project": "example/nightly", "projectId": "278964", "tags": ["v1"], "issuer": "https://gitlab.com"},
    ),
    "circleci": (
        "runtime: circleci, organizationId: 2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a, "
        "projectId: 7f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f",
        CircleciSettings("2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a", "7f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f"),
        {
            "organizationId": "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a",
            "projectId": "7f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f",
        },
    ),
    "buildkite": (
        "runtime: buildkite, organization: example, pipeline: nightly, branches: [main]",
        BuildkiteSettings("example", "nightly", ("main",)),
        {"organization": "example", "pipeline": "nightly", "branches": ["main"]},
    ),
    "circleci, branches": (
        f"runtime: circleci, organizationId: {ORGANIZATION}, projectId: {PROJECT}, "
        "repository: github.com/example/changelog, branches: [main, release/*]",
        CircleciSettings(ORGANIZATION, PROJECT, "github.com/example/changelog", ("main", "release/*")),
        {
            "organizationId": ORGANIZATION,
            "projectId": PROJECT,
            "repository": "github.com/example/changelog",
            "branches": ["main", "release/*"],
        },
    ),
    "codebuild": (
        "runtime: codebuild, projectName: image-tests",
        CodebuildSettings("image-tests", None),
        {"projectName": "image-tests"},
    ),
    "pulumi-deployments": (
        "runtime: pulumi-deployments, organization: example, project: shop, stack: prod",
        PulumiDeploymentsSettings("example", "shop", "prod", ("update",)),
        {"organization": "example", "project": "shop", "stack": "prod", "operations": ["update"]},
    ),
    "pulumi-deployments, operations": (
        "runtime: pulumi-deployments, organization: example, project: shop, stack: prod, "
        "operations: [refresh, destroy]",
        PulumiDeploymentsSettings("example", "shop", "prod", ("refresh", "destroy")),
        {"organization": "example", "project": "shop", "stack": "prod", "operations": ["refresh", "destroy"]},
    ),
}


@pytest.mark.parametrize(("fields", "expected", "spelled"), SETTINGS.values(), ids=SETTINGS)
def test_each_runtime_reads_its_fields_and_spells_them_as_it_read_them(
    catalogue_of: Read, fields: str, expected: Settings, spelled: dict[str, Any]
) -> None:
    catalogue = catalogue_of(f"{{clouds: [aws, gcp], consumers: {{chat: {{keys: [anthropic], {fields}}}}}}}")
    settings = catalogue.consumers["chat"].settings
    assert settings == expected
    assert consumer_settings(settings) == spelled


def test_there_is_a_row_for_every_runtime() -> None:
    assert {row[0].split(",")[0] for row in (*SETTINGS.values(), *OF_SERVERS.values())} == {
        f"runtime: {runtime}" for runtime in Runtime
    }


def test_plain_variables_become_text_in_the_order_of_their_names(catalogue_of: Read) -> None:
    catalogue = catalogue_of("consumers: {chat: {env: {ZONE: a, ANTHROPIC_MAX_TOKENS: 4096}}}")
    assert list(catalogue.consumers["chat"].env.items()) == [("ANTHROPIC_MAX_TOKENS", "4096"), ("ZONE", "a")]


def test_keys_and_consumers_come_in_the_order_of_their_names(catalogue_of: Read) -> None:
    catalogue = catalogue_of(
        """
        keys: {azure: {vendor: generic, envVar: AZURE_API_KEY}}
        consumers: {api: {runtime: lambda, keys: [router, azure, anthropic]}}
        """
    )
    assert (list(catalogue.keys), list(catalogue.consumers)) == (
        ["anthropic", "azure", "router"],
        ["api", "chat"],
    )
    assert catalogue.consumers["api"].keys == ("anthropic", "azure", "router")


def test_a_key_that_nobody_reads_is_allowed(catalogue_of: Read) -> None:
    assert catalogue_of("consumers: {}").readers_of("anthropic") == ()
