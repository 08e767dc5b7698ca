"""Whether a value is alive at its vendor, before any reader is sent to it.

Owns which verdicts let a value through. A value that cannot be read, because the caller may only store, is
looked up by its hint in the vendor's own list of keys, where there is an admin key for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.errors import VendorError
from keyplan.rotation.words import verdict
from keyplan.vendors.verdicts import Answer, Verdict

if TYPE_CHECKING:
    from keyplan.rotation.scene import Scene
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import Version


def ask(scene: Scene, value: SecretValue, bound_url: str | None) -> Answer:
    """What the vendor says of a value."""
    answer = scene.road.ask(scene.key, value, bound_url)
    scene.say(f"  {verdict(answer)}")
    return answer


def is_let_through(answer: Answer, *, unverified: bool) -> bool:
    """Whether a value may be stored and promoted; it may where the catalogue names nobody to ask."""
    nobody = answer.verdict is Verdict.UNKNOWN and not answer.was_asked
    return nobody or answer.may_be_stored(unverified=unverified)


def by_hint(scene: Scene, version: Version) -> Answer | None:
    """What the vendor's list of keys says of a version that cannot be read; None where nothing is to be
    learned: no hint, no admin key, or more than one key that it can mean.
    """
    hint = version.label.hint if version.label else None
    admin = scene.admin() if hint else None
    if admin is None:
        return None
    try:
        found = admin.find(hint)
    except VendorError as error:
        return Answer(Verdict.UNKNOWN, error.message)
    if len(found) != 1:
        return None
    (key,) = found
    if key.is_active:
        answer = Answer(Verdict.ALIVE, f"the vendor lists it as {key.name}, active", workspace=key.workspace)
    else:
        answer = Answer(Verdict.DEAD, f"the vendor lists it as {key.name}, {key.status}")
    scene.say(f"  {verdict(answer)}")
    return answer
