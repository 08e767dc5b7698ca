"""What a trust compares of the tokens of one issuer's jobs. Pure; each issuer's module makes one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CiIdentity:
    """Who signs a runner's tokens, and which of them become the reader."""

    issuer: str  # the provider's address, https://…
    audience: str  # the `aud` that the runner asks for
    claims: tuple[tuple[str, tuple[str, ...]], ...]  # claim -> values as a condition has them, any may match
    excluded_subjects: tuple[str, ...] = ()  # patterns of `sub` that are refused although a claim matches
