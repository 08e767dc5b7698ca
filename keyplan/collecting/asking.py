"""Asking AWS, each call once, or the journal where it was answered before. What failed is kept as missing."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from keyplan.collecting.calls import Call, Paging, plain
from keyplan.collecting.refusals import Refusal, of_error
from keyplan.errors import StoreError

if TYPE_CHECKING:
    from keyplan.collecting.journal import Journal


@dataclass(frozen=True)
class Missing:
    """A call that was not answered."""

    call: Call
    refusal: Refusal

    def to_json(self) -> dict[str, str]:
        """As the snapshot lists it; `region` is empty for a service that has none."""
        about = {"resource": self.call.resource} if self.call.resource else {}
        return {
            "account": self.call.account,
            "region": self.call.region,
            "call": self.call.action,
            "reason": self.refusal.reason,
            **about,
        }


class Clients(Protocol):
    """What asking needs of `access.Access`."""

    def send(self, call: Call) -> Any:
        """The answer, as the SDK has it. Raises what the SDK raises."""


class Watcher(Protocol):
    """What asking needs of `progress`."""

    def asked(self, call: Call, refusal: Refusal | None) -> None:
        """A call was answered, or not."""


class Asker:
    """Asks calls, in several threads at once."""

    def __init__(self, clients: Clients, journal: Journal, watcher: Watcher) -> None:
        self._clients, self._journal, self._watcher = clients, journal, watcher
        self._lock = threading.Lock()
        self._missing: dict[str, Missing] = {}
        self.requests = 0  # sent by this process; the journal's are not among them

    @property
    def missing(self) -> list[Missing]:
        """What was not answered, in an order that does not depend on which thread was faster."""
        return [self._missing[key] for key in sorted(self._missing)]

    def lacks(self, call: Call, refusal: Refusal) -> None:
        """Note that a call has no answer, and why.

        Raises:
            StoreError: no further call would have one either.
        """
        with self._lock:
            self._missing[call.key] = Missing(call, refusal)
        self._watcher.asked(call, refusal)
        if refusal.ends_all:
            again = ", then run the same command with --resume: what was answered is kept"
            raise StoreError(
                f"account {call.account}: {refusal.reason}",
                f"{refusal.hint or 'log in again'}{again if self._journal.path else ''}",
            )

    def forgive(self, calls: Iterable[Call]) -> None:
        """Another call answered what these did not: they are not missing."""
        with self._lock:
            for call in calls:
                self._missing.pop(call.key, None)

    def ask(self, call: Call, *, taken: Collection[str] = ()) -> dict[str, Any] | None:
        """The answer to a call; None where there is none, which is then missing.

        Args:
            call: what to ask.
            taken: AWS's error codes that are an answer too; it is then `{"Code": the code}`.
        """
        try:
            return self._answer(call, taken)
        except Refusal as refusal:
            self.lacks(call, refusal)
            return None

    def pages(self, call: Call, paging: Paging) -> tuple[list[dict[str, Any]], bool]:
        """All pages of an answer, and whether they are all there.

        A resumed list goes on behind the last page that is kept; where AWS does not take its token any more,
        the list is asked from the beginning.
        """
        try:
            return self._pages_so_far(call, paging)
        except _TokenRefused:
            self._forget(call, paging)
            return self._pages_so_far(call, paging)

    def _pages_so_far(self, call: Call, paging: Paging) -> tuple[list[dict[str, Any]], bool]:
        try:
            return self._pages(call, paging), True
        except _CutOffError as cut_off:
            self.lacks(call, cut_off.refusal)
            return cut_off.pages, False

    def _pages(self, call: Call, paging: Paging) -> list[dict[str, Any]]:
        pages: list[dict[str, Any]] = []
        tokens: set[str] = set()
        page, resumed = call, False
        while True:
            was_kept = self._journal.get(page.key) is not None
            try:
                answer = self._answer(page, ())
            except Refusal as refusal:
                if resumed and not refusal.transient and not refusal.ends_all:
                    raise _TokenRefused from None
                raise _CutOffError(pages, refusal) from None
            pages.append(answer)
            resumed = was_kept
            try:
                token = paging.token(answer)
            except ValueError:
                raise _CutOffError(
                    pages, Refusal("the list is cut off: AWS did not say where it goes on")
                ) from None
            if token is None:
                return pages
            if token in tokens:
                raise _CutOffError(pages, Refusal("the list goes in a circle: AWS gave the same page twice"))
            tokens.add(token)
            page = call.with_parameters(**{paging.sent: token})

    def _forget(self, call: Call, paging: Paging) -> None:
        page = call
        while (answer := self._journal.get(page.key)) is not None:
            self._journal.forget(page.key)
            page = call.with_parameters(**{paging.sent: answer.get(paging.received)})

    def _answer(self, call: Call, taken: Collection[str]) -> dict[str, Any]:
        kept = self._journal.get(call.key)
        if kept is None:
            kept = self._sent(call, taken)
            self._journal.put(call.key, kept)
        self._watcher.asked(call, None)
        answer: dict[str, Any] = kept
        return answer

    def _sent(self, call: Call, taken: Collection[str]) -> dict[str, Any]:
        with self._lock:
            self.requests += 1
        try:
            answer: dict[str, Any] = plain(self._clients.send(call))
        except Exception as error:
            refusal = of_error(error)
            if refusal.code in taken:
                return {"Code": refusal.code}
            raise refusal from None
        return answer


class _CutOffError(Exception):
    def __init__(self, pages: list[dict[str, Any]], refusal: Refusal) -> None:
        super().__init__()
        self.pages, self.refusal = pages, refusal


class _TokenRefused(Exception):  # noqa: N818
    """AWS does not know where a list that is resumed was cut off."""
