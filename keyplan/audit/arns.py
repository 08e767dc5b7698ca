"""The parts of an ARN. Source: IAM User Guide, "IAM ARNs"."""

from __future__ import annotations


def arn_part(arn: str, number: int) -> str:
    """The partition (1), region (3) or account (4) of an ARN; empty where there is none."""
    parts = arn.split(":", 5)
    return parts[number] if len(parts) > number else ""
