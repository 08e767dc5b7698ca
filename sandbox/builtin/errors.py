"""What a run can end with, besides a result."""

from __future__ import annotations

from keyplan.errors import KeyplanError, UsageError


class ResourceFailed(KeyplanError):  # noqa: N818  # named as keyplan.errors names its own
    """An operation on a resource failed. What was done before it stays and is remembered.

    `others` holds the operations that failed beside it, while both were under way.
    """

    def __init__(
        self, urn: str, operation: str, message: str, hint: str | None = None, *, name: str = ""
    ) -> None:
        shown = name or urn
        super().__init__(f"{operation} failed for {shown}: {message}", hint)
        self.urn = urn
        self.operation = operation
        self.others: list[ResourceFailed] = []
        self.diagnostics: list[str] = []


class StateUnusable(UsageError):  # noqa: N818  # named as keyplan.errors names its own
    """The state file cannot be read, is another stack's, or was written by a newer version."""
