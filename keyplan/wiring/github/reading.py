"""What the workflow needs of a cloud, and what both clouds share: a value that is read goes on only masked.

GitHub's side alone; how a value is read is `aws` and `gcp`.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyplan.wiring.syntax.yaml import Node, Verbatim

# The end of the shell function `read_key`, after it put what it read into `value`: masks it line by line
# before anything can print it, and hands it on as the step's output. `%` and a carriage return are escaped,
# as a workflow command's data demands: the mask would miss otherwise.
MASK_AND_HAND_ON = """\
  while IFS= read -r line; do
    line="${line//'%'/%25}"
    [ -z "$line" ] || echo "::add-mask::${line//$'\\r'/%0D}"
  done <<< "$value"
  end="end-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')"
  printf '%s<<%s\\n%s\\n%s\\n' "$1" "$end" "$value" "$end" >> "$GITHUB_OUTPUT"
}
"""


@dataclass(frozen=True)
class Reading:
    """One cloud's part of the workflow."""

    proof: str  # the heading's words for why nothing has to be stored at GitHub
    refs_note: str  # why the triggers are these, where branches or tags are named
    environment_note: str  # the same where only a deployment environment is
    steps: list[Node]  # the last of them has the id `keys`, and the values as its outputs


def output(step: str, name: str) -> Verbatim:
    """The expression for another step's output."""
    return Verbatim(f"${{{{ steps.{step}.outputs.{name} }}}}")
