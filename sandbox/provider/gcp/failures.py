"""What Google's errors mean, in words: by code and reason, without the text of the answer."""

from __future__ import annotations

from sandbox.provider.errors import AlreadyExists, MissingError, ProviderError
from sandbox.provider.gcp.cloud import GoogleFailure

NOT_FOUND, FORBIDDEN, CONFLICT = 404, 403, 409
ALREADY_EXISTS = "ALREADY_EXISTS"
ABORTED = "ABORTED"


def explain(operation: str, error: Exception) -> ProviderError | None:
    """The error in words, or None for one of another kind. Args: operation: `create`, `read` …"""
    if isinstance(error, GoogleFailure):
        return _as_the_provider(error) if operation == "invoke" else _answered(operation, error)
    from urllib3.exceptions import HTTPError

    if isinstance(error, HTTPError):
        return ProviderError(
            f"the emulated Google Cloud gave no answer ({type(error).__name__})", "python -m sandbox status"
        )
    return None


def _as_the_provider(error: GoogleFailure) -> ProviderError:
    """A function's failure is for the program to understand, so it has the form that the real one has.

    Source: google.golang.org/api/googleapi, Error.Error (checked 2026-11-21).
    """
    about = ", ".join(filter(None, (error.reason, error.metadata.get("service"))))
    text = f"googleapi: Error {error.code}: {error.status} at {error.method} {error.resource}"
    kind = MissingError if error.code == NOT_FOUND else ProviderError
    return kind(f"{text}, {about}" if about else text)


def _answered(operation: str, error: GoogleFailure) -> ProviderError:
    shown = f"Google answered {error.code} {error.status} to {error.method} {error.resource}"
    if error.code == NOT_FOUND:
        return MissingError(f"{shown}: it, or something it names, does not exist")
    if error.code == CONFLICT and error.status == ABORTED:
        return ProviderError(f"{shown}: somebody else changed it at the same time", "run it again")
    if error.code == CONFLICT and operation == "create":
        return AlreadyExists(
            f"{shown}: one with this name exists and does not belong to this stack",
            "delete it, choose another name, or adopt it with the resource option import_",
        )
    if error.reason == "SERVICE_DISABLED":
        return _disabled(error)
    if error.reason == "CONSUMER_INVALID" or error.reason == "USER_PROJECT_DENIED":
        consumer = error.metadata.get("consumer", "the project").removeprefix("projects/")
        return ProviderError(
            f"{shown}: the project `{consumer}` does not exist, or is somebody else's",
            "compare `gcp:project` with: gcloud projects list",
        )
    if error.code == FORBIDDEN:
        permission = error.metadata.get("permission")
        lacking = f"lacks the permission {permission}" if permission else "lacks a permission"
        return ProviderError(f"{shown}: the caller {lacking}, or it does not exist")
    return ProviderError(shown)


def _disabled(error: GoogleFailure) -> ProviderError:
    api = error.metadata.get("service", "the API")
    consumer = error.metadata.get("consumer", "").removeprefix("projects/")
    project = f" --project {consumer}" if consumer else ""
    return ProviderError(
        f"the API {api} is not enabled in the project {consumer or 'of this stack'}, so that "
        f"{error.method} {error.resource} was refused",
        f"gcloud services enable {api}{project}",
    )
