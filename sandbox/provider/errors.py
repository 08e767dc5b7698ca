"""What the provider raises; the engine adds the resource's name and shows it to a person."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sandbox.provider.provider import State


class ProviderError(Exception):
    """An operation that failed, in words: no SDK text and no input values.

    `hint` is a command or an edit that helps, where one is known.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class MissingError(ProviderError):
    """What an invoke or an operation needs does not exist."""


class AlreadyExists(ProviderError):  # noqa: N818  # a state that the engine acts on
    """Something with this name exists, and the stack did not make it."""


class PartlyCreated(ProviderError):  # noqa: N818  # a state that the engine acts on
    """The resource exists, and a step after its creation failed; an update makes up for it.

    `state` is the resource as far as it came.
    """

    def __init__(self, message: str, hint: str | None, state: State) -> None:
        super().__init__(message, hint)
        self.state = state
