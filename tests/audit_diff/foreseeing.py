"""Plans of Pulumi on small accounts: who could read what after the update."""

from __future__ import annotations

import copy
from typing import Any

from keyplan.audit.changes import changes, comparable
from keyplan.audit.planned import Foreseen, foreseen
from tests.audit.accounts import ACCOUNT, REGION, ROOT, allow, deny, document, trusting
from tests.audit_diff.previews import arn, preview

READS = document(allow(), allow("kms:Decrypt"))
NEW_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/new-Future"
BY_NAME = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/new-??????"
TRUST = trusting({"Service": "ecs-tasks.amazonaws.com"})
ACCOUNT_KEY = document({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"})
READER, ANN = arn("role", "reader"), arn("user", "ann")
CLOSED_SECRET = document(deny(Principal={"AWS": READER}))


def after(old: dict[str, Any], *steps: dict[str, Any]) -> tuple[dict[tuple[str, str], str], Foreseen]:
    """What changed: by principal and secret `deny>allow`; and the plan, whose snapshot stayed as it was."""
    kept = copy.deepcopy(old)
    plan = foreseen(old, preview(*steps))
    assert old == kept
    found = changes(*comparable(old, plan.document))
    return {(each.principal, each.secret): f"{each.before.word}>{each.after.word}" for each in found}, plan
