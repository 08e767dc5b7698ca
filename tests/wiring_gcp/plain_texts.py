"""Texts that any program may have in its environment, for the tests of quoting."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# Signs with a meaning somewhere come often: of shells, of YAML, and of everybody's own replacing.
SIGNS = st.sampled_from([*"$(){}'\"`\\%#:!&*|>@-\n\t\r =~", "$$", "$(", "${", "$A", "%%", "\\n"])
TEXTS = st.lists(
    SIGNS | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4), max_size=8
).map("".join)
VARIABLES = st.dictionaries(st.from_regex(r"V[A-Z0-9_]{0,8}", fullmatch=True), TEXTS, max_size=4)
MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
