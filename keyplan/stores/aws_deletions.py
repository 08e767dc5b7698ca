"""Which of an environment's secrets are deleted and still in their recovery window: AWS keeps their names.

Asked of Secrets Manager itself, because Pulumi's provider cannot tell: its lookups of a secret say of one
that is pending deletion the same as of one that never existed (`couldn't find resource`). Source:
terraform-provider-aws, findSecretByID, and its version 5.100.0 run against an emulator (checked 2026-11-21).
Reads metadata only, never a value.
"""

from __future__ import annotations

from keyplan.errors import AccessDenied, KeyplanError, SecretMissing
from keyplan.parallel import for_each
from keyplan.stores.aws_errors import Place, Subject
from keyplan.stores.aws_roads import Roads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyplan.stores.aws_roads import Road

ACTION = "secretsmanager:DescribeSecret"


class DeletedSecret:
    """A secret that can still be restored."""

    __slots__ = ("arn", "deleted_epoch_seconds")

    def __init__(self, arn: str, deleted_epoch_seconds: float) -> None:
        self.arn = arn
        self.deleted_epoch_seconds = deleted_epoch_seconds  # DescribeSecret's DeletedDate


class Deletions:
    """What was found. A failure does not take away what the other answers said."""

    __slots__ = ("failure", "found")

    def __init__(self, found: Mapping[str, DeletedSecret], failure: KeyplanError | None) -> None:
        self.found = found  # by the key's name
        self.failure = failure  # why not every secret could be looked at


def look_for_deletions(place: Place, names: Mapping[str, str], roads: Roads) -> Deletions:
    """Describe every secret, several at once, by the shortest road.

    Args:
        place: where the secrets are.
        names: the key's name -> the name of its secret.
        roads: how to get there.
    """
    try:
        results = roads.travel(lambda new_road: _ask(place, names, new_road))
    except KeyplanError as error:
        return Deletions({}, error)
    failures = [result for result in results if isinstance(result, KeyplanError)]
    found = {
        key: result
        for key, result in zip(names, results, strict=True)
        if isinstance(result, DeletedSecret) and f":{place.account_id}:" in result.arn
    }
    return Deletions(found, failures[0] if failures else None)


def _ask(
    place: Place, names: Mapping[str, str], new_road: Callable[[], Road]
) -> list[DeletedSecret | KeyplanError | None]:
    broken: list[KeyplanError] = []

    def ask(road: Road, key: str) -> DeletedSecret | KeyplanError | None:
        if broken:  # what failed for one secret in this way would fail for all, after all the waits again
            return broken[0]
        subject = Subject(place, ACTION, key, names[key])
        try:
            answer = road.call("DescribeSecret", {"SecretId": names[key]}, subject)
        except SecretMissing:
            return None
        except KeyplanError as error:
            if not isinstance(error, AccessDenied):
                broken.append(error)
            return error
        date = answer.get("DeletedDate")
        if date is None:
            return None
        # The signed request's JSON has seconds since 1970, the SDK makes a datetime of them.
        seconds = date if isinstance(date, (int, float)) else date.timestamp()
        return DeletedSecret(str(answer.get("ARN")), seconds)

    def new_worker() -> Callable[[str], DeletedSecret | KeyplanError | None]:
        road = new_road()
        return lambda key: ask(road, key)

    return for_each(list(names), new_worker)
