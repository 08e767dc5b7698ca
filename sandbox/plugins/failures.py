"""How an operation's failure reaches the engine: words for people, and what exists in spite of it.

Source: ErrorResourceInitFailed in pulumi/proto/pulumi/provider.proto (v3.259.0); gRPC carries such details
as google.rpc.Status in the trailing metadata `grpc-status-details-bin` (checked 2026-11-21).
"""

from __future__ import annotations

from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.provider import ProviderError

DETAILS = "grpc-status-details-bin"


def refuse(context: grpc.ServicerContext, code: grpc.StatusCode, words: str) -> NoReturn:
    """End the call with an error."""
    context.abort(code, words)  # type: ignore[no-untyped-call]
    raise AssertionError("abort raises")


def refuse_with(context: grpc.ServicerContext, error: ProviderError) -> NoReturn:
    """End the call with an error of the provider's, and its hint."""
    refuse(context, grpc.StatusCode.UNKNOWN, in_words(error))


def refuse_partly(context: grpc.ServicerContext, error: ProviderError, id_: str, properties: Any) -> NoReturn:
    """End a creation whose resource exists all the same: the engine keeps it, and the next update ends it.

    Args: properties: the outputs, as they travel.
    """
    words = in_words(error)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=words)
    status.details.add().Pack(
        provider_pb2.ErrorResourceInitFailed(id=id_, properties=properties, reasons=[words])
    )
    metadata = ((DETAILS, status.SerializeToString()),)
    context.set_trailing_metadata(metadata)  # type: ignore[no-untyped-call]
    refuse(context, grpc.StatusCode.UNKNOWN, words)


def in_words(error: ProviderError) -> str:
    """The error, and what helps on a line of its own."""
    return error.message + (f"\n  try: {error.hint}" if error.hint else "")
