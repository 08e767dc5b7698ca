"""The manifest as JSON: its fields, and the check of its whole shape.

Published as docs/manifest.schema.json. Owns what a manifest may hold and the words for what is wrong with
one. Where a manifest comes from is `manifest_sources`; the typed objects are `manifest`. `keyplan exec`
starts from here and never builds those objects: importing dataclasses takes longer than this whole check.
"""

from __future__ import annotations

import json
import re

from keyplan.endpoints import endpoint_mistake
from keyplan.errors import ManifestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, NotRequired, TypedDict

    class SecretDocument(TypedDict):
        """Where one key's value is stored on AWS."""

        name: str
        arn: str
        jsonKey: str

    class KeyDocument(TypedDict):
        """One key. `format` is there for a generic vendor whose values have a known form."""

        vendor: str
        owner: str
        envVar: str
        format: NotRequired[str]
        rotateEvery: str
        remindBefore: str
        grace: str
        aws: SecretDocument

    class ConsumerDocument(TypedDict):
        """One consumer. `roleArn` is the principal that reads; people have none."""

        runtime: str
        keys: list[str]
        env: dict[str, str]
        roleArn: NotRequired[str]
        policyArns: list[str]
        settings: dict[str, Any]

    class AwsDocument(TypedDict):
        """The account that holds the secrets; `endpoints` maps a service to a URL that replaces AWS's own."""

        accountId: str
        partition: str
        region: str
        kmsKeyArn: str
        operatorPolicyArns: list[str]
        auditorRoleArn: str
        endpoints: dict[str, str]

    class CloudsDocument(TypedDict):
        """The clouds of the environment."""

        aws: AwsDocument

    class ManifestDocument(TypedDict):
        """A whole manifest."""

        format: str
        environment: str
        owner: str
        escalateAfter: str
        clouds: CloudsDocument
        keys: dict[str, KeyDocument]
        consumers: dict[str, ConsumerDocument]


FORMAT = "keyplan-manifest/1"
_FORMAT_NAME, _FORMAT_VERSION = "keyplan-manifest/", 1
# The names in `keyplan.catalogue.Runtime`, which is too heavy to import here; a test compares them.
RUNTIMES = (
    "ecs", "lambda", "ec2", "eks", "iam-role", "people",
    "github-actions", "gitlab-ci", "circleci", "buildkite",
)  # fmt: skip

_NAME = (r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", "a name of letters, digits, `-`, `_` and `.`")
_LINE = (r"[^\x00-\x1f\x7f]{1,320}", "one line of text")
_VARIABLE = (r"[A-Za-z_][A-Za-z0-9_]{0,254}", "the name of an environment variable")
_DURATION = (r"[1-9][0-9]{0,4}[hdw]", "a whole number and h, d or w, as in `90d`")
_ACCOUNT = (r"[0-9]{12}", "an account id of 12 digits")
_PARTITION = (r"aws(-[a-z0-9]+)*", "an AWS partition, as in `aws`")
_REGION = (r"[a-z]{2,}(-[a-z0-9]+)+", "an AWS region, as in `eu-west-1`")
_SECRET_NAME = (r"[A-Za-z0-9/_+=.@-]{1,512}", "a secret's name of letters, digits and `/_+=.@-`")
_KMS_ARN = (r"arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+", "the ARN of a KMS key")
_SECRET_ARN = (
    r"arn:aws[a-z0-9-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}",
    "the full ARN of a secret, with its six-character suffix",
)
_ROLE_ARN = (r"arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,576}", "the ARN of an IAM role")
_POLICY_ARN = (
    r"arn:aws[a-z0-9-]*:iam::([0-9]{12}|aws):policy/[\x21-\x7e]{1,640}",
    "the ARN of an IAM policy",
)
_SHOWABLE = r"[A-Za-z0-9][A-Za-z0-9_./-]{0,63}"


def parse(text: str, origin: str) -> ManifestDocument:
    """Read a manifest's JSON text and check it.

    Args:
        text: the JSON.
        origin: what to call it in an error: a file's path, or the command that printed it.

    Raises:
        ManifestError: with file, line and column where it is not JSON; with every mistake of its shape.
    """
    return checked(_load(text, origin), origin)


def checked(document: object, origin: str = "the manifest") -> ManifestDocument:
    """Return `document` as a manifest, or raise ManifestError with every mistake of its shape."""
    mistakes = check(document)
    if mistakes:
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise ManifestError(
            f"{origin} has {count}:\n" + "\n".join(f"  {mistake}" for mistake in mistakes),
            "run `make sandbox` or `pulumi up` again: they write a manifest that is right",
        )
    return document  # type: ignore[return-value]  # check() found nothing: it has that shape


def check(document: object) -> list[str]:
    """Every mistake of a manifest's shape, as `path: what is wrong`, in the document's order.

    Raises:
        ManifestError: it is no manifest at all, or one that another keyplan wrote; then only that counts.
    """
    if not isinstance(document, dict) or not isinstance(document.get("format"), str):
        raise ManifestError(f"it is not a manifest: it has no `format` field that says {FORMAT}")
    _check_version(document["format"])
    mistakes: list[str] = []
    _object(document, "", _TOP, mistakes)
    if not mistakes:
        _check_references(document, mistakes)  # type: ignore[arg-type]  # its shape is right
    return mistakes


def _load(text: str, origin: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"{origin}, line {error.lineno} column {error.colno}"
        raise ManifestError(f"{where}: it is not valid JSON ({error.msg.rstrip(' at:').lower()})") from None
    except _NotJsonError as error:
        raise ManifestError(f"{origin}: {error}") from None
    except RecursionError:
        raise ManifestError(f"{origin}: it is nested too deeply for a manifest") from None


class _NotJsonError(Exception):
    """Python's parser would accept it; JSON's rules do not."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _NotJsonError(f"the field {_shown(name)} is there twice in one object")
        seen.add(name)
    return found


def _no_constant(_text: str) -> NoReturn:
    raise _NotJsonError("NaN and Infinity are not JSON")


def _check_version(text: str) -> None:
    version = text.removeprefix(_FORMAT_NAME)
    if version == text or not version.isascii() or not version.isdigit():
        raise ManifestError(f"it is not a manifest: its `format` is not {FORMAT}")
    if int(version[:9]) > _FORMAT_VERSION:
        from keyplan import __version__

        raise ManifestError(
            f"it is a manifest of version {int(version[:9])}: it needs a keyplan that reads {_FORMAT_NAME}"
            f"{int(version[:9])}, and this is keyplan {__version__}, which reads {FORMAT}",
            "pip install --upgrade keyplan",
        )
    if int(version) < _FORMAT_VERSION:
        raise ManifestError(f"it is a manifest of version {version}, which never existed; expected {FORMAT}")


# A rule takes a value, its path and the list of mistakes. Fields are (rule, required).


def _text(form: tuple[str, str]) -> Callable[[object, str, list[str]], None]:
    pattern, words = form

    def rule(value: object, path: str, mistakes: list[str]) -> None:
        if not isinstance(value, str):
            mistakes.append(f"{path}: expected {words}; found {_kind(value)}")
        elif re.fullmatch(pattern, value) is None:
            mistakes.append(f"{path}: expected {words}")

    return rule


def _one_of(choices: tuple[str, ...]) -> Callable[[object, str, list[str]], None]:
    def rule(value: object, path: str, mistakes: list[str]) -> None:
        if value not in choices:
            mistakes.append(f"{path}: expected one of {', '.join(choices)}")

    return rule


def _list_of(
    item: Callable[[object, str, list[str]], None], at_least: int = 0
) -> Callable[[object, str, list[str]], None]:
    def rule(value: object, path: str, mistakes: list[str]) -> None:
        if not isinstance(value, list):
            mistakes.append(f"{path}: expected a list; found {_kind(value)}")
            return
        if len(value) < at_least:
            mistakes.append(f"{path}: expected at least one entry")
        for index, entry in enumerate(value):
            item(entry, f"{path}[{index}]", mistakes)
        if len({json.dumps(entry, sort_keys=True) for entry in value}) < len(value):
            mistakes.append(f"{path}: an entry is there twice")

    return rule


def _map_of(
    name: tuple[str, str], item: Callable[[object, str, list[str]], None]
) -> Callable[[object, str, list[str]], None]:
    pattern, words = name

    def rule(value: object, path: str, mistakes: list[str]) -> None:
        if not isinstance(value, dict):
            mistakes.append(f"{path}: expected an object; found {_kind(value)}")
            return
        for key, entry in value.items():
            if re.fullmatch(pattern, key) is None:
                mistakes.append(f"{path}: the field {_shown(key)} is not {words}")
            item(entry, f"{path}.{_shown(key)}", mistakes)

    return rule


def _fields(fields: dict[str, tuple[Any, bool]]) -> Callable[[object, str, list[str]], None]:
    return lambda value, path, mistakes: _object(value, path, fields, mistakes)


def _object(value: object, path: str, fields: dict[str, tuple[Any, bool]], mistakes: list[str]) -> None:
    if not isinstance(value, dict):
        mistakes.append(f"{path}: expected an object; found {_kind(value)}")
        return
    prefix = f"{path}." if path else ""
    for name, entry in value.items():
        if name in fields:
            fields[name][0](entry, prefix + name, mistakes)
        else:
            mistakes.append(f"{prefix}{_shown(name)}: {FORMAT} has no such field{_nearest(name, fields)}")
    mistakes.extend(
        f"{prefix}{name}: it is missing"
        for name, (_, required) in fields.items()
        if required and name not in value
    )


def _anything(value: object, path: str, mistakes: list[str]) -> None:
    if not isinstance(value, dict):
        mistakes.append(f"{path}: expected an object; found {_kind(value)}")


def _any_text(value: object, path: str, mistakes: list[str]) -> None:
    if not isinstance(value, str):
        mistakes.append(f"{path}: expected text; found {_kind(value)}")
    elif "\0" in value:
        mistakes.append(f"{path}: a NUL character cannot be in it")


def _pattern(value: object, path: str, mistakes: list[str]) -> None:
    if not isinstance(value, str):
        mistakes.append(f"{path}: expected a regular expression; found {_kind(value)}")
        return
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        mistakes.append(f"{path}: it is not a regular expression that Python accepts")


def _endpoint(value: object, path: str, mistakes: list[str]) -> None:
    mistake = endpoint_mistake(value) if isinstance(value, str) else f"expected a URL; found {_kind(value)}"
    if mistake:
        mistakes.append(f"{path}: {mistake}")


_SECRET = {
    "name": (_text(_SECRET_NAME), True),
    "arn": (_text(_SECRET_ARN), True),
    "jsonKey": (_text(_VARIABLE), True),
}
_KEY = {
    "vendor": (_text(_NAME), True),
    "owner": (_text(_LINE), True),
    "envVar": (_text(_VARIABLE), True),
    "format": (_pattern, False),
    "rotateEvery": (_text(_DURATION), True),
    "remindBefore": (_text(_DURATION), True),
    "grace": (_text(_DURATION), True),
    "aws": (_fields(_SECRET), True),
}
_CONSUMER = {
    "runtime": (_one_of(RUNTIMES), True),
    "keys": (_list_of(_text(_NAME), at_least=1), True),
    "env": (_map_of(_VARIABLE, _any_text), True),
    "roleArn": (_text(_ROLE_ARN), False),
    "policyArns": (_list_of(_text(_POLICY_ARN)), True),
    "settings": (_anything, True),
}
_AWS = {
    "accountId": (_text(_ACCOUNT), True),
    "partition": (_text(_PARTITION), True),
    "region": (_text(_REGION), True),
    "kmsKeyArn": (_text(_KMS_ARN), True),
    "operatorPolicyArns": (_list_of(_text(_POLICY_ARN)), True),
    "auditorRoleArn": (_text(_ROLE_ARN), True),
    "endpoints": (_map_of((r"[a-z0-9-]{1,64}", "the name of an AWS service"), _endpoint), True),
}
_TOP = {
    "format": (_text((re.escape(FORMAT), FORMAT)), True),
    "environment": (_text(_NAME), True),
    "owner": (_text(_LINE), True),
    "escalateAfter": (_text(_DURATION), True),
    "clouds": (_fields({"aws": (_fields(_AWS), True)}), True),
    "keys": (_map_of(_NAME, _fields(_KEY)), True),
    "consumers": (_map_of(_NAME, _fields(_CONSUMER)), True),
}


def _check_references(document: ManifestDocument, mistakes: list[str]) -> None:
    """What a schema cannot say. An ARN of another account would send a value to somebody else's store."""
    aws, keys = document["clouds"]["aws"], document["keys"]
    if len({url.startswith("http:") for url in aws["endpoints"].values()}) > 1:
        mistakes.append(
            "clouds.aws.endpoints: some are a sandbox's (http) and some are not: all or none can be"
        )
    start = f"arn:{aws['partition']}:secretsmanager:{aws['region']}:{aws['accountId']}:secret:"
    for name, key in keys.items():
        secret = key["aws"]
        if secret["arn"][:-7] != start + secret["name"]:
            mistakes.append(
                f"keys.{name}.aws.arn: it is not the secret {secret['name']} in account {aws['accountId']}, "
                f"region {aws['region']}, of this manifest"
            )
    for name, consumer in document["consumers"].items():
        for key_name in consumer["keys"]:
            if key_name not in keys:
                mistakes.append(
                    f"consumers.{name}.keys: there is no key {_shown(key_name)}{_nearest(key_name, keys)}"
                )


def _nearest(name: str, names: Any) -> str:
    import difflib

    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}" if near else ""


def _shown(name: str) -> str:
    """A field's name in a message; one that looks like anything else (a pasted value, say) is described."""
    if re.fullmatch(_SHOWABLE, name) and not name.startswith("sk-"):
        return name
    return f"(a name of {len(name)} characters)"


def _kind(value: object) -> str:
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "something else")
