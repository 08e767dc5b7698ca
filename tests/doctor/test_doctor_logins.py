"""Logins, profiles and tokens that are files: what is missing, over or unusable, and never their content."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.doctor import following
from keyplan.doctor.addresses import expiry_of_token, moment
from keyplan.doctor.examining import conclude
from keyplan.doctor.forms import as_document, as_text
from keyplan.doctor.model import Evidence, Kind, Stored
from keyplan.doctor.stored import (
    login_of_azure,
    login_of_claude_code,
    login_of_google,
    token_of_aws_login,
    token_of_sso,
)
from tests.doctor.evidence import NOW, token
from tests.doctor.gateways import set_in
from tests.doctor.machines import API_KEY, CANARY, Machine, settings

PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
BEDROCK = {"CLAUDE_CODE_USE_BEDROCK": "1"}
VERTEX = {"CLAUDE_CODE_USE_VERTEX": "1", "CLOUD_ML_REGION": "global", "ANTHROPIC_VERTEX_PROJECT_ID": "canary"}
FOUNDRY = {"CLAUDE_CODE_USE_FOUNDRY": "1", "ANTHROPIC_FOUNDRY_RESOURCE": "canary"}
FEDERATION = {
    "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_canary",
    "ANTHROPIC_ORGANIZATION_ID": "canary",
    "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_canary",
}


def findings(machine: Machine, **environment: str) -> dict[str, str]:
    """The message of each finding, by its code; no canary is in the whole output."""
    done = machine.run("--format", "json", **environment)
    assert CANARY not in done.stdout + done.stderr
    return {found["code"]: found["message"] for found in json.loads(done.stdout)["findings"]}


def login(expires_at: float, **more: str) -> str:
    """As Claude Code writes it; milliseconds."""
    tokens = {"accessToken": "canary", "expiresAt": int(expires_at * 1000), "scopes": ["canary"]}
    return json.dumps({"claudeAiOauth": {**tokens, **more}})


def test_a_login_that_has_ended_is_told_where_nothing_renews_it(machine: Machine) -> None:
    machine.put("~/.claude/.credentials.json", login(1.0))
    place = "~/.claude/.credentials.json"
    message = f"the login of Claude Code in {place} has expired, and nothing in it renews it"
    assert findings(machine) == {"login-expired": message}
    machine.put("~/.claude/.credentials.json", login(1.0, refreshToken=CANARY))
    assert findings(machine) == {}
    machine.put("~/.claude/.credentials.json", login(99e9))
    assert findings(machine) == {}


def test_a_login_that_has_ended_is_told_only_where_it_is_or_could_be_used(machine: Machine) -> None:
    machine.put("~/.claude/.credentials.json", login(1.0))
    assert set(findings(machine, ANTHROPIC_API_KEY=API_KEY)) == {"api-route", "login-expired"}
    bedrock = {**BEDROCK, "AWS_REGION": "eu-west-1"}
    assert set(findings(machine, **bedrock)) == {"provider-owns-session"}
    assert findings(machine, CLAUDE_CODE_OAUTH_TOKEN="canary") == {}


def test_a_login_elsewhere_is_followed_where_the_variable_says(machine: Machine) -> None:
    machine.put("~/elsewhere/.credentials.json", login(1.0))
    assert list(findings(machine, CLAUDE_CONFIG_DIR=str(machine.home / "elsewhere"))) == ["login-expired"]


def sso(session: str) -> str:
    return f"~/.aws/sso/cache/{hashlib.sha1(session.encode()).hexdigest()}.json"  # noqa: S324 - as AWS does


CONFIG = """[profile work]
sso_session = canary-session
region = eu-central-1
[sso-session canary-session]
sso_start_url = https://canary.example
[profile old]
sso_start_url = https://canary.example
region = eu-west-3
[profile signed]
login_session = arn:canary
region = eu-west-3
[default]
region = us-west-2
"""


def test_aws_sso_is_over_when_its_token_is_and_nothing_renews_it(machine: Machine) -> None:
    machine.put("~/.aws/config", CONFIG)
    work = {**BEDROCK, "AWS_PROFILE": "work"}
    assert findings(machine, **work)["aws-login"] == "the AWS login in ~/.aws/sso/cache is not there"
    expired = {"accessToken": "canary", "startUrl": "canary", "expiresAt": "2020-01-01T00:00:00UTC"}
    machine.put(sso("canary-session"), json.dumps(expired))
    assert findings(machine, **work)["aws-login"] == "the AWS login in ~/.aws/sso/cache has expired"
    renewed = {**expired, "refreshToken": "canary", "registrationExpiresAt": FUTURE}
    machine.put(sso("canary-session"), json.dumps(renewed))
    assert findings(machine, **work) == {}
    machine.put(sso("canary-session"), json.dumps({**renewed, "registrationExpiresAt": PAST}))
    assert list(findings(machine, **work)) == ["aws-login"]
    machine.put("~/.claude/settings.json", '{"awsAuthRefresh": "canary"}')
    assert findings(machine, **work) == {}, "a command brings a new one"


def test_an_older_profile_and_one_of_aws_login_have_caches_of_their_own(machine: Machine) -> None:
    machine.put("~/.aws/config", CONFIG)
    machine.put(sso("https://canary.example"), json.dumps({"accessToken": "canary", "expiresAt": FUTURE}))
    assert findings(machine, **BEDROCK, AWS_PROFILE="old") == {}
    name = hashlib.sha256(b"arn:canary").hexdigest()
    content = {"accessToken": {"accessKeyId": "canary", "expiresAt": PAST}}
    machine.put(f"~/.aws/login/cache/{name}.json", json.dumps(content))
    assert list(findings(machine, **BEDROCK, AWS_PROFILE="signed")) == ["aws-login"]
    machine.put(f"~/.aws/login/cache/{name}.json", json.dumps({**content, "refreshToken": "canary"}))
    assert findings(machine, **BEDROCK, AWS_PROFILE="signed") == {}


def test_a_region_of_the_aws_profile_is_enough_for_bedrock(machine: Machine) -> None:
    assert list(findings(machine, **BEDROCK)) == ["provider-incomplete"]
    machine.put("~/.aws/config", CONFIG)
    assert findings(machine, **BEDROCK) == {}
    machine.put("~/.aws/credentials", "[default]\nregion = canary/canary\naws_access_key_id = canary\n")
    message = findings(machine, **BEDROCK)["no-region"]
    assert message.startswith("the AWS profile's region in ~/.aws/credentials has not the form of a region")


def test_an_aws_profile_that_is_nowhere_is_told(machine: Machine) -> None:
    machine.put("~/.aws/config", CONFIG)
    message = "AWS_PROFILE in the environment names a profile that is in neither file of AWS"
    assert findings(machine, **BEDROCK, AWS_REGION="eu-west-1", AWS_PROFILE="canary") == {
        "aws-profile": message
    }
    elsewhere = {"AWS_CONFIG_FILE": str(machine.home / "nowhere"), "AWS_PROFILE": "work"}
    assert "aws-profile" in findings(machine, **BEDROCK, **elsewhere)


def test_aws_credentials_of_the_environment_that_say_their_end_are_believed(machine: Machine) -> None:
    given_ = {**BEDROCK, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "canary"}
    message = "AWS_CREDENTIAL_EXPIRATION in the environment is over: the credentials beside it have expired"
    assert findings(machine, **given_, AWS_CREDENTIAL_EXPIRATION=PAST) == {"aws-login": message}
    assert findings(machine, **given_, AWS_CREDENTIAL_EXPIRATION=FUTURE) == {}
    assert findings(machine, **given_, AWS_CREDENTIAL_EXPIRATION="canary") == {}


def test_vertex_wants_credentials_of_google(machine: Machine) -> None:
    place = "~/.config/gcloud/application_default_credentials.json"
    assert findings(machine, **VERTEX) == {"google-login": f"the Google login in {place} is not there"}
    machine.put(place, '{"type": "authorized_user", "refresh_token": "canary"}')
    assert findings(machine, **VERTEX) == {}
    machine.put(place, '{"canary": 5}')
    assert findings(machine, **VERTEX)["google-login"].endswith("holds no Google credentials")
    named = {**VERTEX, "GOOGLE_APPLICATION_CREDENTIALS": str(machine.home / "canary")}
    words = "GOOGLE_APPLICATION_CREDENTIALS in the environment names a file that is not there"
    assert findings(machine, **named) == {"google-login": words}
    assert findings(machine, **VERTEX, K_SERVICE="canary") == {}
    machine.put("~/.claude/settings.json", '{"gcpAuthRefresh": "canary"}')
    assert findings(machine, **named) == {}, "a command brings a new one"
    machine.put("~/.claude/settings.json", "{}")
    assert findings(machine, **VERTEX, CLAUDE_CODE_SKIP_VERTEX_AUTH="1") == {}


def test_foundry_wants_a_key_or_a_login_of_azure(machine: Machine) -> None:
    place = "~/.azure/azureProfile.json"
    assert findings(machine, **FOUNDRY) == {"azure-login": f"the Azure login in {place} is not there"}
    machine.put(place, b'\xef\xbb\xbf{"subscriptions": []}')
    assert findings(machine, **FOUNDRY) == {"azure-login": f"the Azure login in {place} holds no login"}
    machine.put(place, b'\xef\xbb\xbf{"subscriptions": [{"name": "canary"}]}')
    assert findings(machine, **FOUNDRY) == {}
    machine.put(place, "{}")
    for name in ("ANTHROPIC_FOUNDRY_API_KEY", "ANTHROPIC_FOUNDRY_AUTH_TOKEN", "IDENTITY_ENDPOINT"):
        assert findings(machine, **FOUNDRY, **{name: "canary"}) == {}, name


def test_a_machine_of_googles_or_microsofts_needs_no_file(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "product_name").write_text("Google Compute Engine\n")
    (tmp_path / "chassis_asset_tag").write_text("7783-7084-3265-9085-8269-3286-77\n")
    monkeypatch.setattr(following, "DMI", tmp_path)
    for environment in (VERTEX, FOUNDRY):
        assert following.follow(set_in(environment), machine.home, {}, machine.home / "none") == ((), ())


def test_a_login_of_a_provider_that_is_not_used_is_nobodys_concern(machine: Machine) -> None:
    machine.put("~/.aws/config", CONFIG)
    assert findings(machine, AWS_PROFILE="work", AWS_CREDENTIAL_EXPIRATION=PAST) == {}


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (None, "identity-token-unusable", "is not there"),
        ("", "identity-token-unusable", "is empty"),
        (" \n", "identity-token-unusable", "is empty"),
        ("canary", "identity-token-unusable", "holds no JSON Web Token with an end"),
        (token(None), "identity-token-unusable", "holds no JSON Web Token with an end"),
        (token(1), "identity-token-expired", "whose token has expired"),
        (token(99e9), None, None),
        (f"{token(99e9)}\n", None, None),
    ],
)
def test_the_file_of_an_identity_token_is_looked_into_for_its_end(
    machine: Machine, content: str | None, code: str | None, words: str | None
) -> None:
    path = machine.home / "canary-token"
    if content is not None:
        path.write_text(content)
    found = findings(machine, **FEDERATION, ANTHROPIC_IDENTITY_TOKEN_FILE=str(path))
    assert list(found) == ([] if code is None else [code])
    if code is not None and words is not None:
        assert found[code].startswith("ANTHROPIC_IDENTITY_TOKEN_FILE in the environment names a file ")
        assert words in found[code]


def test_a_tilde_that_no_shell_sees_is_told(machine: Machine) -> None:
    (machine.home / "token").write_text(token(99e9))
    machine.put(".claude/settings.json", settings(**FEDERATION, ANTHROPIC_IDENTITY_TOKEN_FILE="~/token"))
    found = findings(machine)
    assert "its ~ means the home folder to a shell only" in found["identity-token-unusable"]


def test_a_folder_a_pipe_and_a_file_of_others_are_no_identity_token(machine: Machine) -> None:
    os.mkfifo(machine.home / "pipe")
    (machine.home / "loop").symlink_to("loop")
    for name, words in ((".", "cannot be read"), ("pipe", "is not a plain file"), ("loop", "cannot be read")):
        path = str(machine.home / name)
        found = findings(machine, **FEDERATION, ANTHROPIC_IDENTITY_TOKEN_FILE=path)
        assert found["identity-token-unusable"].endswith(f"{words}: there is no token to exchange"), name


def test_an_identity_token_in_a_variable_ends_too(machine: Machine) -> None:
    found = findings(machine, **FEDERATION, ANTHROPIC_IDENTITY_TOKEN=token(1))
    assert list(found) == ["identity-token-expired"]
    assert findings(machine, **FEDERATION, ANTHROPIC_IDENTITY_TOKEN=token(99e9)) == {}


def test_thirty_seconds_are_let_pass_for_an_identity_token() -> None:
    from keyplan.doctor.examining import look

    seen = look({**FEDERATION, "ANTHROPIC_IDENTITY_TOKEN": token(NOW)}, [])
    for now, over in ((NOW + 30, False), (NOW + 31, True)):
        codes = {finding.code for finding in conclude(seen, evidence=Evidence(now)).findings}
        assert ("identity-token-expired" in codes) is over


def test_a_profile_that_is_named_has_to_be_there(machine: Machine) -> None:
    message = "ANTHROPIC_PROFILE in the environment names a profile that is not there"
    for name in ("work", "../canary", ".", "a/b", "\udcff"):
        assert findings(machine, ANTHROPIC_PROFILE=name) == {"profile-missing": message}, name
    machine.put("~/.config/anthropic/configs/work.json", "{}")
    assert findings(machine, ANTHROPIC_PROFILE="work") == {}
    elsewhere = {"ANTHROPIC_PROFILE": "work", "ANTHROPIC_CONFIG_DIR": str(machine.project)}
    assert findings(machine, **elsewhere) == {"profile-missing": message}


def test_the_active_profile_is_the_one_that_is_pointed_at(machine: Machine) -> None:
    federated = '{"version": "1.0", "authentication": {"type": "oidc_federation", "x": "canary"}}'
    machine.put("~/.config/anthropic/configs/default.json", "{}")
    machine.put("~/.config/anthropic/configs/work.json", federated)
    machine.put("~/.config/anthropic/active_config", "work\n")
    document = json.loads(machine.run("--format", "json").stdout)
    uses = document["claudeCode"]["uses"]
    assert (uses["name"], uses["kind"]) == ("active profile", "profile")
    place = {"source": "Anthropic profile", "file": "~/.config/anthropic/configs/work.json", "line": None}
    assert uses["places"] == [place]
    machine.put("~/.config/anthropic/active_config", "../../canary")
    assert json.loads(machine.run("--format", "json").stdout)["claudeCode"]["uses"] is None


def test_what_is_stored_is_told_with_its_end_and_not_its_path(machine: Machine) -> None:
    path = machine.home / "canary"
    path.write_text(token(4_102_444_800))
    machine.put("~/.claude/settings.json", settings(ANTHROPIC_IDENTITY_TOKEN_FILE=str(path), **FEDERATION))
    assert json.loads(machine.run("--format", "json").stdout)["stored"] == [
        {
            "kind": "identity token",
            "place": "~/.claude/settings.json:3",
            "variable": "ANTHROPIC_IDENTITY_TOKEN_FILE",
            "problem": None,
            "expiresAt": "2100-01-01T00:00:00Z",
            "renews": False,
        }
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("claudeAiOauth", "expiresAt", "refreshToken", "registrationExpiresAt", "accessToken", "type", "exp")


@given(st.dictionaries(st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON)))
def test_any_json_where_a_login_belongs_is_read_without_a_crash(document: dict[str, object]) -> None:
    text = json.dumps(document)
    readers = (login_of_claude_code, token_of_sso, token_of_aws_login, login_of_google, login_of_azure)
    for reader in readers:
        for each in (text, text[1:], "[" * 100_000, ""):
            problem, ends, renews = reader(each)
            evidence = Evidence(NOW, stored=(Stored(Kind.LOGIN, "p", None, problem, ends, renews),))
            from keyplan.doctor.examining import Seen

            diagnosis = conclude(Seen([], []), evidence=evidence)
            assert as_text(diagnosis)
            assert as_document(diagnosis)


AWS_PARTS = (
    "[profile work]",
    "[work]",
    "[",
    "]",
    "\n",
    "region",
    " = ",
    "eu-west-1",
    "%(x)s",
    " ",
    ";",
    "\0",
)


@given(st.text() | st.lists(st.sampled_from(AWS_PARTS)).map("".join))
def test_any_text_where_aws_is_configured_is_read_without_a_crash(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    home = tmp_path_factory.getbasetemp() / "aws"
    (home / ".aws").mkdir(parents=True, exist_ok=True)
    for name in ("config", "credentials"):
        (home / ".aws" / name).write_bytes(text.encode(errors="replace"))
    on = set_in({**BEDROCK, "AWS_PROFILE": "work"})
    more, stored = following.follow(on, home, {}, home / "none")
    assert len(more) <= 1
    assert all(found.kind in (Kind.AWS_PROFILE, Kind.AWS_LOGIN) for found in stored)


@given(st.text() | st.binary().map(lambda data: f"a.{data.hex()}.c"), st.floats())
def test_any_text_where_a_token_belongs_has_an_end_or_none(text: str, number: float) -> None:
    for each in (text, token(None if number != number or abs(number) > 1e300 else number)):
        found = expiry_of_token(each)
        assert found is None or 0 <= found < 10**11


@given(
    st.text()
    | st.datetimes().map(str)
    | st.sampled_from([PAST, "2020-01-01T00:00:00UTC", "9999-12-31T23:59:59-23:59"])
)
def test_any_text_where_a_moment_belongs_is_one_or_none(text: str) -> None:
    assert moment(text) is None or isinstance(moment(text), float)


def test_the_moments_of_aws_are_understood() -> None:
    assert (
        moment("2020-01-01T00:00:00UTC")
        == moment(PAST)
        == moment("2020-01-01T01:00:00+01:00")
        == 1577836800.0
    )
