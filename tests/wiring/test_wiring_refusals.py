"""Places that get no wiring: each says why, and what fits the consumer instead."""

from __future__ import annotations

import pytest

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import TARGETS, wire
from keyplan.wiring.refusals import REFUSED


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("container-image", "everybody who can pull a container image"),
        ("dockerfile", "everybody who can pull a container image"),
        ("browser-bundle", "everybody who opens the page"),
        ("mobile-app", "everybody who installs an app"),
        ("desktop-app", "everybody who installs an app"),
        ("kubernetes-secret", "in Base64"),
    ],
)
def test_a_place_that_everybody_can_read_is_refused_with_what_fits(
    manifest: Manifest, target: str, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        wire(manifest, "chat-api", target)
    assert words in caught.value.message
    assert caught.value.message.endswith("; instead: ecs, dotenv")
    assert caught.value.hint == "keyplan wire ecs chat-api"


def test_no_place_is_both_a_target_and_refused() -> None:
    assert set(REFUSED) & set(TARGETS) == set()
