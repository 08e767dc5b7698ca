"""The engine's side of the provider protocol: plain values out, plain values back, marks kept visible.

Sends what the engine sends: contents of assets are left out of everything that is only compared.
Source: pkg/resource/plugin/provider_plugin.go and rpc.go (pulumi v3.259.0, checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2, status_pb2

SIGNATURE = rpc._special_sig_key
SECRET = rpc._special_secret_sig
UNKNOWN = rpc.UNKNOWN
ASSET = rpc._special_asset_sig
ARCHIVE = rpc._special_archive_sig
SEED = b"a seed of thirty-two bytes, as is"
DEFAULTS = "__defaults"
NONE = provider_pb2.DiffResponse.DIFF_NONE
SOME = provider_pb2.DiffResponse.DIFF_SOME


@dataclass
class Known:
    """A resource as the engine's state has it."""

    kind: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    name: str = "it"


@dataclass
class Engine:
    """One provider's client."""

    stub: Any
    options: Mapping[str, Any] = field(default_factory=dict)

    def configure(self, **settings: Any) -> Any:
        return self.stub.Configure(
            provider_pb2.ConfigureRequest(args=message(settings), acceptSecrets=True, acceptResources=True)
        )

    def check(
        self,
        kind: str,
        news: Mapping[str, Any],
        olds: Mapping[str, Any] | None = None,
        name: str = "it",
        seed: bytes = SEED,
    ) -> tuple[dict[str, Any], list[str]]:
        """The checked inputs, and the failures."""
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn(kind, name), olds=message(olds or {}), news=message(news), randomSeed=seed
            )
        )
        return values(answer.inputs), [failure.reason for failure in answer.failures]

    def checked(self, kind: str, news: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """The checked inputs of a resource that can be used."""
        inputs, failures = self.check(kind, news, **more)
        assert failures == []
        return inputs

    def diff(self, old: Known, news: Mapping[str, Any], ignored: Sequence[str] = (), was: Any = None) -> Any:
        """Args: was: the old inputs, where they are not those of the state."""
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=old.id,
                urn=urn(old.kind, old.name),
                olds=message(elided(old.outputs)),
                old_inputs=message(elided(old.inputs if was is None else was)),
                news=message(elided(news)),
                ignoreChanges=ignored,
            )
        )

    def create(self, kind: str, inputs: Mapping[str, Any], name: str = "it", preview: bool = False) -> Known:
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(kind, name), properties=message(inputs), preview=preview)
        )
        return Known(kind, answer.id, dict(inputs), values(answer.properties), name)

    def make(self, kind: str, news: Mapping[str, Any], name: str = "it") -> Known:
        """Check and create."""
        return self.create(kind, self.checked(kind, news, name=name), name)

    def read(self, known: Known) -> Known | None:
        """A refresh; an import knows only kind and id."""
        request = provider_pb2.ReadRequest(id=known.id, urn=urn(known.kind, known.name))
        request.properties.CopyFrom(message(elided(known.outputs)))
        if known.inputs:
            request.inputs.CopyFrom(message(elided(known.inputs)))
        answer = self.stub.Read(request)
        if not answer.id:
            assert not answer.HasField("properties")  # or the engine would take it for one that exists
            return None
        return Known(known.kind, answer.id, values(answer.inputs), values(answer.properties), known.name)

    def update(
        self, old: Known, news: Mapping[str, Any], preview: bool = False, ignored: Sequence[str] = ()
    ) -> Known:
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=old.id,
                urn=urn(old.kind, old.name),
                olds=message(elided(old.outputs)),
                old_inputs=message(elided(old.inputs)),
                news=message(news),
                preview=preview,
                ignoreChanges=ignored,
            )
        )
        return Known(old.kind, old.id, dict(news), values(answer.properties), old.name)

    def delete(self, known: Known) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=known.id,
                urn=urn(known.kind, known.name),
                properties=message(elided(known.outputs)),
                old_inputs=message(elided(known.inputs)),
            )
        )

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=message(arguments)))
        return values(getattr(answer, "return"))


def urn(kind: str, name: str) -> str:
    """The URN of a resource inside a component."""
    return f"urn:pulumi:dev::keyplan::keyplan:index:Environment${kind}::{name}"


def message(plain: Mapping[str, Any]) -> struct_pb2.Struct:
    """Values as they travel."""
    return json_format.ParseDict(dict(plain), struct_pb2.Struct())


def values(answer: struct_pb2.Struct) -> dict[str, Any]:
    """An answer's values, with every mark visible; numbers are doubles."""
    return {name: _value(value) for name, value in answer.fields.items()}


def _value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return values(value.struct_value)
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    return None if kind == "null_value" else getattr(value, kind or "null_value")


def secret(value: Any) -> dict[str, Any]:
    """A secret, as it travels."""
    return {SIGNATURE: SECRET, "value": value}


def string_asset(text: str, hash_: str = "") -> dict[str, Any]:
    return {SIGNATURE: ASSET, "text": text, "hash": hash_ or f"hash of {text}"}


def archive(hash_: str, **assets: Any) -> dict[str, Any]:
    """An archive of files; `main_py=…` becomes `main.py`."""
    files = {name.replace("_py", ".py"): asset for name, asset in assets.items()}
    return {SIGNATURE: ARCHIVE, "assets": files, "hash": hash_}


def elided(value: Any) -> Any:
    """The value with contents of assets and archives left out."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) in (ASSET, ARCHIVE):
            return {name: value[name] for name in (SIGNATURE, "hash") if name in value}
        return {name: elided(item) for name, item in value.items()}
    return [elided(item) for item in value] if isinstance(value, list) else value


def init_failure(error: Any) -> provider_pb2.ErrorResourceInitFailed:
    """The details of an error that left a resource behind."""
    metadata = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    failed = provider_pb2.ErrorResourceInitFailed()
    assert [detail.Unpack(failed) for detail in status.details] == [True]
    assert status.code == error.code().value[0]
    return failed
