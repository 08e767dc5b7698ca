"""What GitLab's job needs of a cloud, and the words of its comments."""

from __future__ import annotations

from dataclasses import dataclass

from keyplan.wiring.syntax.yaml import Node

IDENTITY = "KEYPLAN_ID_TOKEN"  # the variable that holds the job's identity token
FILE_NOTE = "The variable is the value; GitLab's default is the path of a file."
ROTATION_NOTE = "Read when a job starts: the next job has what `keyplan put` stored."


@dataclass(frozen=True)
class Reading:
    """One cloud's part of the job."""

    proof: str  # the heading's words for why nothing has to be stored at GitLab
    rules_note: str  # why these branches and tags, and what to protect
    audience: str  # what the identity token is for
    variables: dict[str, Node]  # where the runner trades the token
    secrets: dict[str, Node]  # by environment variable, in the consumer's order
