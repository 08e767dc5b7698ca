"""Several things at once."""

from __future__ import annotations

import threading

import pytest

from keyplan.parallel import THREADS_MAX, for_each


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    assert for_each(list(range(count)), lambda: lambda item: item * 2) == [item * 2 for item in range(count)]


def test_no_more_threads_than_allowed_each_with_a_worker_of_its_own() -> None:
    everybody = threading.Barrier(THREADS_MAX)
    made: list[int] = []

    def new_worker() -> object:
        made.append(threading.get_ident())
        everybody.wait(20)
        return lambda _: threading.get_ident()

    used = for_each(list(range(100)), new_worker)  # type: ignore[arg-type]
    assert len(made) == THREADS_MAX
    assert set(used) <= set(made)


@pytest.mark.parametrize("count", [1, 20])
def test_a_failure_nobody_expected_reaches_the_caller(count: int) -> None:
    def worker(item: int) -> int:
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match=r"^item 0$"):
        for_each(list(range(count)), lambda: worker)
