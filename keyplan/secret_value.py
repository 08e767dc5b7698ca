"""A value between the place where it is read and the store: never a plain string, never printable."""

from __future__ import annotations

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

FINGERPRINT_HEX_DIGITS = 12


class SecretValue:
    """One key's value. `reveal()` is the only way out; str, repr, format and pickle give nothing away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The value itself, for the call that stores it or the process that was asked for it."""
        return self._text

    def fingerprint(self) -> str:
        """The first 12 hex digits of the value's SHA-256: tells two values apart and reveals neither.

        Enough to compare keys that a vendor drew at random; a short hand-made value could be guessed from it.
        """
        return hashlib.sha256(self._text.encode()).hexdigest()[:FINGERPRINT_HEX_DIGITS]

    def __len__(self) -> int:
        return len(self._text)

    def __repr__(self) -> str:
        return "SecretValue(hidden)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretValue) and self._text == other._text

    __hash__ = None  # type: ignore[assignment]  # a hash in a set or dict would outlive the use of the value

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret value cannot be pickled or copied")
