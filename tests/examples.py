"""The examples that hypothesis tries: others in every run, the same ones in continuous integration.

A change is not held up by an example that it did not bring, and what fails there fails again, there and
here: `CI=true pytest FILE`. On a developer's machine every run looks further.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


def load_profile(*, repeatable: bool) -> None:
    """For every test of this process: what it does not say itself is as in `profile`."""
    settings.register_profile("keyplan", profile(repeatable=repeatable))
    settings.load_profile("keyplan")
    if repeatable:
        leave_out_constants()


def profile(*, repeatable: bool) -> settings:
    """The settings; `repeatable`: each run tries the same examples."""
    return settings(
        settings.get_profile("default"),  # not the one that hypothesis takes where it finds a CI itself
        derandomize=repeatable,
        print_blob=True,  # a failure says how to have it again
        # How long an example takes says nothing about behaviour on a shared machine.
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def leave_out_constants() -> None:
    """Have no example taken from the product's own source.

    Hypothesis takes some from the modules that happen to be loaded, and which those are depends on the tests
    that the process ran before.
    """
    none = Constants()
    providers._get_local_constants = lambda: none
