"""Policy documents with ARNs that only the update will know, as far as a preview can tell them.

Pulumi leaves a text unknown as a whole when a part of it is. Of a document whose every other part is known, a
preview would then show nothing, and nobody could say whom it lets in. Here a preview shows it, and stands in
for the ARN. An update writes what AWS answered, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import pulumi
from pulumi.output import UNKNOWN, contains_unknowns
from pulumi.runtime import rpc

T = TypeVar("T")
# Asked for, and not always so: an update plan (`pulumi preview --save-plan`) takes what the preview shows for
# what the update has to set, and would refuse the real ARN.
VARIABLE = "KEYPLAN_PREVIEW_POLICIES"
# What Pulumi itself writes for a text that is not known yet; `keyplan audit diff` knows it.
OPEN: str = rpc.UNKNOWN


def foretold(value: pulumi.Input[T], foreseen: T, write: Callable[[T], str]) -> pulumi.Output[str]:
    """A text with what another resource will be called.

    Args:
        value: what stands in the text.
        foreseen: the same, as it is certain to be: what a preview shows that does not know it yet.
        write: makes the text.
    """
    return _written(value, lambda: foreseen, write)


def with_open_arn(arn: pulumi.Input[str], write: Callable[[str], str]) -> pulumi.Output[str]:
    """A text with an ARN that nobody can foresee, as a KMS key's. A preview that does not know it shows the
    text with OPEN in its place where KEYPLAN_PREVIEW_POLICIES is set, and otherwise nothing.
    """
    return _written(arn, lambda: OPEN if os.environ.get(VARIABLE) else None, write)


def _written(
    value: pulumi.Input[T], stand_in: Callable[[], T | None], write: Callable[[T], str]
) -> pulumi.Output[str]:
    def written(known: Any) -> Any:
        if not contains_unknowns(known):
            return write(known)
        # An update that does not know it had a failure before: then there is nothing to write.
        shown = stand_in() if pulumi.runtime.is_dry_run() else None
        return UNKNOWN if shown is None else write(shown)

    return pulumi.Output.from_input(value).apply(written, run_with_unknowns=True)
