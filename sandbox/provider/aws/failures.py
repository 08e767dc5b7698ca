"""What AWS's errors mean, in words: by code and without the SDK's text, which can quote what was sent."""

from __future__ import annotations

from sandbox.provider.errors import AlreadyExists, MissingError, ProviderError
from sandbox.provider.handler import error_code, is_missing

ALREADY_EXISTS_CODES = frozenset(
    {
        "AlreadyExistsException",
        "EntityAlreadyExists",
        "ResourceAlreadyExistsException",
        "ResourceConflictException",
        "ResourceExistsException",
    }
)


def explain(operation: str, error: Exception) -> ProviderError | None:
    """The error in words, or None for one that is not an SDK's. Args: operation: `create`, `read` …"""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    if isinstance(error, exceptions.ClientError):
        return _answered(operation, error)
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return ProviderError(
            f"the emulated cloud gave no answer ({type(error).__name__})", "python -m sandbox status"
        )
    if isinstance(error, exceptions.BotoCoreError | ResponseParserError):
        return ProviderError(f"the call to AWS could not be made: {type(error).__name__}")
    return None


def _answered(operation: str, error: Exception) -> ProviderError:
    code = error_code(error) or "unknown"
    action = str(getattr(error, "operation_name", operation))
    if is_missing(error):
        return MissingError(f"AWS answered {code} to {action}: it, or something it names, does not exist")
    if code in ALREADY_EXISTS_CODES and operation == "create":
        return AlreadyExists(
            f"AWS answered {code} to {action}: one with this name exists and does not belong to this stack",
            "delete it, choose another name, or adopt it with the resource option import_",
        )
    return ProviderError(f"AWS answered {code} to {action}")
