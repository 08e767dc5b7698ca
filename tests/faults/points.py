"""Walking a fault over every request of a flow: what has to hold after each, and how many there were.

A flow is one run of a command from one state of the clouds. It is run once without faults to learn its
requests, and then over and over from that state, with the fault at one request after the other. After each:
at least one live value is served everywhere it was served before, nothing is lost, no dead value is current;
then the command that goes on, without faults, ends well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.answers import Door, Refusal
from tests.faults.clouds import Home
from tests.faults.command_runs import BUSY_SECONDS, KILLED, LONG_SECONDS, SHORT_SECONDS, Run
from tests.faults.proxy import Asked, Blow, Fault, Lasts
from tests.faults.summary import PROPERTY

ENOUGH_FAILURES = 4  # to see what is wrong; each takes time
INTERNAL = 70  # keyplan's exit code for what nobody foresaw
LOOKS = ("Get", "Describe", "List", "GET")  # how operations begin that change nothing

Kind = tuple[Blow | Refusal, Lasts]
KILLED_BEFORE: Kind = (Blow.KILLED_BEFORE, Lasts.ONCE)
KILLED_AFTER: Kind = (Blow.KILLED_AFTER, Lasts.ONCE)
PASSING: tuple[Kind, ...] = (
    (Blow.LOST, Lasts.ONCE),
    (Refusal.THROTTLED, Lasts.ONCE),
    (Refusal.BROKEN, Lasts.ONCE),
)
LASTING: tuple[Kind, ...] = (
    (Blow.CUT, Lasts.SERVICE),  # the store is down from then on
    (Refusal.DENIED, Lasts.OPERATION),
)
LASTING_AT_CHANGES: tuple[Kind, ...] = (
    (Refusal.THROTTLED, Lasts.SERVICE),
    (Refusal.SKEWED, Lasts.SERVICE),
    (Refusal.FULL, Lasts.OPERATION),
)
REFUSED_BY_VENDOR: tuple[Kind, ...] = (
    (Refusal.DEAD, Lasts.OPERATION),
    (Refusal.UNKNOWN, Lasts.OPERATION),
    (Refusal.DENIED, Lasts.OPERATION),
    (Refusal.BROKEN, Lasts.SERVICE),
    (Blow.CUT, Lasts.SERVICE),
)
AT_VENDOR: tuple[Kind, ...] = (
    (Refusal.THROTTLED, Lasts.ONCE),
    (Refusal.THROTTLED, Lasts.SERVICE),
    (Blow.LOST, Lasts.ONCE),
    (Blow.LATE, Lasts.ONCE),
)
AT_ADMIN_API: tuple[Kind, ...] = (
    (Refusal.DEAD, Lasts.OPERATION),
    (Refusal.DENIED, Lasts.OPERATION),
    (Refusal.THROTTLED, Lasts.SERVICE),
    (Blow.CUT, Lasts.SERVICE),
    (Blow.LOST, Lasts.ONCE),
)
LATE: tuple[Kind, ...] = ((Blow.LATE, Lasts.ONCE),)


def no_more(_home: Home, _run: Run) -> str | None:
    """Nothing else has to hold."""
    return None


def nothing_else() -> str:
    """There is nothing beside the clouds that the next command goes by."""
    return ""


@dataclass
class Flow:
    """One command from one state.

    Args:
        home: the environment, with the state saved.
        arguments: the command.
        goes_on: what a person does next, without faults.
        ends: what is wrong after that, or None.
        given: the mark of the value on its standard input, or nothing.
        kept: the marks of the values that no failure may lose.
        serves: readers got a live value before, and have to get one at every moment.
        holds: what else has to hold after the fault: what is wrong, or None.
        beside: what the next command goes by beside the clouds, as a text.
        clear: brings that back.
        gone_on_from: the states from which going on was seen to end well.
    """

    home: Home
    arguments: Sequence[str]
    goes_on: Callable[[Home], Run]
    ends: Callable[[Home, Run], str | None]
    given: str = ""
    kept: Collection[str] = ()
    serves: bool = True
    holds: Callable[[Home, Run], str | None] = no_more
    beside: Callable[[], str] = nothing_else
    clear: Callable[[], object] = nothing_else
    gone_on_from: set[str] = field(default_factory=set)

    def run(self, fault: Fault | None) -> Run:
        """Once, from its state."""
        if fault is None or fault.what is not Blow.LATE:
            return self._run(fault, LONG_SECONDS)
        run = self._run(fault, SHORT_SECONDS)
        # Without the fault, a request before it came late by itself.
        return self._run(fault, BUSY_SECONDS) if run.struck is None else run

    def _run(self, fault: Fault | None, seconds: float) -> Run:
        self.home.back()
        self.clear()
        return self.home.clouds.command.run(
            self.home.environment.manifest_file,
            self.arguments,
            self.home.values.get(self.given, self.given),
            fault,
            seconds,
        )


def changes(request: Asked) -> bool:
    """Whether a request may change something."""
    return not request.operation.startswith(LOOKS)


def at_stores(request: Asked) -> bool:
    """Whether a request goes to a store."""
    return request.door is not Door.VENDOR


def at_vendor(request: Asked) -> bool:
    """Whether a request goes to the vendor."""
    return request.door is Door.VENDOR


def changes_a_store(request: Asked) -> bool:
    """Whether a request may change something in a store."""
    return at_stores(request) and changes(request)


def everything(_request: Asked) -> bool:
    """Every request."""
    return True


def walk(
    flow: Flow, kinds: Sequence[Kind], meets: Callable[[Asked], bool] = everything
) -> tuple[int, list[str]]:
    """Let each kind of fault meet each request that `meets`: how many there were, and what was wrong."""
    clean = flow.run(None)
    if clean.struck is not None or clean.code not in (0, 1):
        raise AssertionError(f"without a fault the command fails: {clean}")
    points = 0
    failures: list[str] = []
    for request in filter(meets, clean.asked):
        for what, lasts in kinds:
            if len(failures) >= ENOUGH_FAILURES:
                return points, failures
            points += 1
            fault = Fault(what, request.number, lasts)
            wrong_here = _point(flow, fault)
            failures += [f"{fault} ({request.operation})\n{text}" for text in wrong_here]
    return points, failures


def walk_kills(flow: Flow) -> tuple[int, list[str]]:
    """Kill -9 before each request, and after each that may change something: after one that only looks, a
    kill leaves what a kill before the next one leaves.
    """
    before, after = walk(flow, [KILLED_BEFORE]), walk(flow, [KILLED_AFTER], changes)
    return before[0] + after[0], before[1] + after[1]


def _point(flow: Flow, fault: Fault) -> Iterator[str]:
    run = flow.run(fault)
    after = f"{run}\n  {flow.home.stages()}"
    if run.struck is None:
        yield f"the fault met no request: {after}"
    if (run.code == KILLED) is not (fault.what in (Blow.KILLED_BEFORE, Blow.KILLED_AFTER)):
        yield f"it ended with {run.code}: {after}"
    for text in wrong(flow, run):
        yield f"{text}: {after}"
    state = flow.home.state() + flow.beside()
    if state in flow.gone_on_from:
        return  # many faults leave the same; what the next command does depends on nothing else
    second = flow.goes_on(flow.home)
    mistake = flow.ends(flow.home, second)
    if mistake is not None:
        yield f"{mistake}: {after}\nthen {second}\n  {flow.home.stages()}"
    else:
        flow.gone_on_from.add(state)


def check(name: str, record: Callable[[str, str], None], *walks: tuple[int, list[str]]) -> None:
    """Count what was walked under a name, and fail with everything that was wrong."""
    record(PROPERTY, f"{name} {sum(points for points, _ in walks)}")
    failures = [text for _, texts in walks for text in texts]
    assert failures == [], "\n\n".join(failures)


def wrong(flow: Flow, run: Run) -> Iterator[str]:
    """What does not hold after a run."""
    home = flow.home
    for cloud, value in home.served().items():
        if flow.serves and value is None:
            yield f"readers on {cloud} get nothing"
        if flow.serves and value is not None and not home.is_alive(value):
            yield f"readers on {cloud} get a dead value"
    for cloud, values in home.readable().items():
        if not {home.values[mark] for mark in flow.kept} <= values:
            yield f"a value is lost on {cloud}"
    if any(value in run.stdout + run.stderr for value in home.values.values()):
        yield "a value was printed"
    if run.code == INTERNAL:
        yield "keyplan failed in a way that nobody foresaw"
    yield from filter(None, [flow.holds(home, run)])
