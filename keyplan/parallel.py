"""Doing the same for several things at once, in threads that nobody waits for after Ctrl-C."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

THREADS_MAX = 8


def for_each(items: Sequence[Any], new_worker: Callable[[], Callable[[Any], Any]]) -> list[Any]:
    """Apply a worker to each item, up to THREADS_MAX at a time.

    Args:
        items: what to work on.
        new_worker: makes a thread's own worker, which may hold what threads cannot share.

    Returns:
        What the workers returned, in the order of `items`.

    Raises:
        Exception: the first one that a worker raised, in the order of `items`.
    """
    done: dict[int, Any] = {}
    failed: dict[int, BaseException] = {}
    waiting = list(reversed(range(len(items))))

    def work() -> None:
        place = -1
        try:
            worker = new_worker()
            while waiting:
                try:
                    place = waiting.pop()
                except IndexError:  # another thread took the last one
                    return
                done[place] = worker(items[place])
        except BaseException as error:  # in a thread it would be printed, with its text, and lost
            failed[place] = error

    if len(items) == 1:
        work()  # starting a thread is not free
    else:
        import threading

        # Daemons, unlike the threads of concurrent.futures: Ctrl-C ends the command at once.
        threads = [threading.Thread(target=work, daemon=True) for _ in range(min(THREADS_MAX, len(items)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[min(failed)]
    return [done[place] for place in range(len(items))]
