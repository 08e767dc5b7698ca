"""An AWS that answers what a test says, call by call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from keyplan.collecting.asking import Asker
from keyplan.collecting.calls import Call
from keyplan.collecting.journal import Header, Journal
from keyplan.collecting.progress import Progress
from tests.collecting.world import client_error

Answer = Mapping[str, Any] | Exception | Callable[[Call], Any]


class FakeClients:
    """Answers by operation; a callable is given the call. Without an answer AWS refuses the call."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.sent: list[Call] = []

    def send(self, call: Call) -> Any:
        self.sent.append(call)
        if call.parameters != {"KeyId": ""}:
            require_parameters(call)
        answer = self.answers.get(call.operation, client_error("AccessDeniedException", call.operation))
        if callable(answer) and not isinstance(answer, Exception):
            answer = answer(call)
        if isinstance(answer, Exception):
            raise answer
        return answer


@functools.cache
def model_of(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)


def require_parameters(call: Call) -> None:
    """Fail where AWS's model of the operation knows other parameters."""
    shape = model_of(call.service).operation_model(call.operation).input_shape
    if shape is None:  # as with DescribeOrganization
        assert not call.parameters
        return
    report = ParamValidator().validate(dict(call.parameters), shape)
    assert not report.has_errors(), report.generate_report()


def journal() -> Journal:
    return Journal(None, Header("1", "AWS", "2026-11-22T00:00:00Z"), resume=False)


def asker_of(clients: FakeClients, kept: Journal | None = None) -> Asker:
    return Asker(clients, kept or journal(), Progress(None, lambda _text: None))
