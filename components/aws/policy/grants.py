"""Which grants one principal needs for its keys, and how they spread over its policies. Pure.

IAM's quotas hold about 390 keys when every policy names each secret twice, in full. So there are three
forms, tried from the plainest to the shortest; each says exactly the same to AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from components.aws.account import Account
from components.aws.policy.documents import Document, Grant, render
from components.aws.policy.packing import Packing, pack
from components.aws.policy.quotas import MANAGED_POLICY_CHARACTERS, QuotaExceeded
from keyplan.catalogue import Key
from keyplan.names import ARN_SUFFIX_PATTERN, secret_arn_pattern

DocumentOf = Callable[[Account, str, Iterable[Grant]], Document]
# A KMS key's id: 36 characters (a UUID, or `mrk-` and 32 hex digits), so a policy's length is known before
# the key exists. Source: KMS DescribeKey, parameter KeyId (checked 2026-11-21).
_KEY_ID_CHARACTERS = 36


@dataclass(frozen=True)
class Room:
    """How much policy a principal still takes."""

    inline_characters: int  # 0 where it takes no inline policy
    managed_policies: int


def placeholder_key_arn(account: Account) -> str:
    """An encryption key's ARN as long as the real one, for measuring at preview."""
    return account.arn("kms", "key/" + "0" * _KEY_ID_CHARACTERS)


def pack_grants(
    account: Account,
    keys: Sequence[Key],
    document: DocumentOf,
    room: Room,
    subject: str,
    *,
    every_key: bool,
    replicas: bool = True,
) -> Packing[Grant]:
    """The policies that give one principal the use of `keys`.

    Args:
        account: where the secrets are.
        keys: what is granted, in the catalogue's order.
        document: which document the grants become: `reader_document` or `operator_document`.
        room: what the principal still takes.
        subject: the principal in words, for the message.
        every_key: whether `keys` are all keys of the environment.
        replicas: whether the copies in further regions are granted too.

    Raises:
        QuotaExceeded: not even the shortest form fits; says how many keys would.
    """

    def size_of(grants: Sequence[Grant]) -> int:
        return len(render(document(account, placeholder_key_arn(account), grants)))

    forms = [_full(account, keys, replicas), _compact(account, keys, replicas)]
    if every_key:
        forms.append(_whole(account, keys, replicas))
    for grants in forms:
        try:
            return pack(grants, size_of, room.inline_characters, room.managed_policies, subject)
        except QuotaExceeded as error:
            exceeded = error
    fitting = _fitting_keys(account, keys, size_of, room, replicas)
    raise QuotaExceeded(_words(subject, len(keys), fitting, room), exceeded.hint)


def _full(account: Account, keys: Iterable[Key], replicas: bool) -> list[Grant]:
    """Form 1: each secret's ARN pattern where it is read and again where its value is decrypted."""
    return [
        Grant(secrets=_patterns(account, key, replicas), contexts=_patterns(account, key, replicas=False))
        for key in keys
    ]


def _compact(account: Account, keys: Iterable[Key], replicas: bool) -> list[Grant]:
    """Form 2: the reads by full ARN, and after them the decryptions by name alone, `*:NAME-??????`.

    As exact as the ARN: no secret's name contains a colon, so `*:` ends before the name; the region is fixed
    by kms:ViaService and the account by the key's own ARN. Reads and decryptions are grants of their own,
    because both end up at the same principal whichever of its policies holds them.
    """
    reads = [Grant(secrets=(pattern,)) for key in keys for pattern in _patterns(account, key, replicas)]
    return reads + [Grant(contexts=(f"*:{key.secret_name}{ARN_SUFFIX_PATTERN}",)) for key in keys]


def _whole(account: Account, keys: Iterable[Key], replicas: bool) -> list[Grant]:
    """Form 3, for a principal that has every key of the environment: one pattern for all decryptions.

    The encryption key is the environment's own, so whatever it decrypts is one of these secrets; and Secrets
    Manager asks for the read of the exact secret first.
    """
    reads = [Grant(secrets=(pattern,)) for key in keys for pattern in _patterns(account, key, replicas)]
    return [*reads, Grant(contexts=(account.arn("secretsmanager", "secret:*"),))]


def _patterns(account: Account, key: Key, replicas: bool) -> tuple[str, ...]:
    """The ARN patterns of a key's secret: in the environment's region, and of its copies.

    A copy is encrypted with its own region's AWS managed key, which needs no grant inside the account.
    """
    regions = (account.region, *(key.replicas if replicas else ()))
    return tuple(
        secret_arn_pattern(account.partition, region, account.account_id, key.secret_name)
        for region in regions
    )


def _fitting_keys(
    account: Account,
    keys: Sequence[Key],
    size_of: Callable[[Sequence[Grant]], int],
    room: Room,
    replicas: bool,
) -> int:
    """How many of the first keys fit in the compact form, found by halving."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high + 1) // 2
        try:
            grants = _compact(account, keys[:middle], replicas)
            pack(grants, size_of, room.inline_characters, room.managed_policies, "")
            low = middle
        except QuotaExceeded:
            high = middle - 1
    return low


def _words(subject: str, wanted: int, fitting: int, room: Room) -> str:
    inline = (
        f"an inline policy of {room.inline_characters:,} characters and " if room.inline_characters else ""
    )
    return (
        f"{subject} has {wanted} keys and {fitting} fit: the quotas leave {inline}"
        f"{room.managed_policies} managed policies of {MANAGED_POLICY_CHARACTERS:,} characters "
        "(`Managed policies attached to an IAM role`, `Managed policy length`)"
    )
