"""Asking the hosts that clients would go to: name, connection, proxy, certificate, clock.

At the edge: the network. What is sent is `HEAD /` and nothing of the person's: no credential, and no
cookie. A proxy gets the password that its own variable has for it.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Sequence

from keyplan.doctor.addresses import path_in
from keyplan.doctor.model import Answer, State
from keyplan.doctor.network import Destination, Trust
from keyplan.http.exchange import CertificateRefused, Exchange, NoAnswer, Proxy
from keyplan.http.opening import brought_certificates

LIMIT_SECONDS = 5.0
LIMIT_BYTES = 1 << 20
_SPEAKS = "a web server"
# The codes of OpenSSL's X509_V_ERR_*. Source: openssl-verification-options(1ssl) (checked 2026-11-21).
_CERTIFICATE_WORDS = {
    9: "it is not valid yet, by this machine's clock",
    10: "it has expired, by this machine's clock",
    62: "it is for another host",
    64: "it is for another host",
}
_SIGNED_BY_NOBODY = "nobody whom it trusts has signed it, as with a proxy that inspects traffic"


def ask(
    destinations: Sequence[Destination],
    limit_seconds: float = LIMIT_SECONDS,
    clock: Callable[[], float] = time.time,
) -> tuple[Answer, ...]:
    """Ask all of them at once; nothing outlasts the limit.

    Args:
        destinations: one client's way each.
        limit_seconds: after which there is no answer. A name that nobody resolves cannot be interrupted: its
            thread is left behind and ends with the process.
        clock: this machine's, in seconds since 1970.
    """
    deadline = time.monotonic() + limit_seconds
    answers: dict[int, Answer] = {}

    def one(number: int, destination: Destination) -> None:
        answers[number] = _ask(destination, deadline, clock)

    threads = [threading.Thread(target=one, args=each, daemon=True) for each in enumerate(destinations)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()) + 0.1)
    late = "it took too long"
    return tuple(
        answers.get(number) or _answer(destination, State.UNREACHED, late)
        for number, destination in enumerate(destinations)
    )


def _ask(destination: Destination, deadline: float, clock: Callable[[], float]) -> Answer:
    address, proxy = destination.address, destination.proxy
    if destination.problem is not None:
        return _answer(destination, State.UNREACHED, destination.problem)
    if destination.unasked is not None or address is None:
        return _answer(destination, State.UNASKED, destination.unasked or "")
    try:
        tunnel = None if proxy is None else Proxy(proxy.host, proxy.port, proxy.authorization)
        context = _context(destination.trust) if address.secure else None
        exchange = Exchange(address, LIMIT_BYTES, _SPEAKS, tunnel, context=context)
    except (OSError, ValueError):
        return _answer(destination, State.UNTRUSTED, "its own file of certificates cannot be used")
    try:
        exchange.send("HEAD", "/", {"User-Agent": "keyplan"}, None, deadline)
        ahead = _ahead_seconds(exchange.headers.get("date"), clock())
        return _answer(destination, State.REACHED, ahead_seconds=ahead)
    except CertificateRefused as refused:
        words = _CERTIFICATE_WORDS.get(refused.code, _SIGNED_BY_NOBODY)
        return _answer(destination, State.UNTRUSTED, words)
    except NoAnswer as failure:
        return _answer(destination, State.UNREACHED, failure.words)
    except ValueError:  # a name that no name server could be asked for
        return _answer(destination, State.UNREACHED, "its name is not one that a host can have")
    finally:
        exchange.close()


def _answer(
    destination: Destination, state: State, words: str = "", ahead_seconds: float | None = None
) -> Answer:
    return Answer(destination.client, destination.host, state, words, destination.way, ahead_seconds)


def _context(trust: Trust) -> ssl.SSLContext:
    """TLS with the certificates that the client would trust, as near as Python has them.

    Mozilla's, which each client brings along, are taken from botocore; without it the system's are.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not trust.only:
        bundled = brought_certificates() if trust.bundled else None
        if bundled is not None:
            context.load_verify_locations(bundled)
        if trust.system or (trust.bundled and bundled is None):
            context.load_default_certs()
    for setting in trust.files:
        path = path_in(setting)
        if path is not None and (trust.only or os.path.isfile(path)):
            context.load_verify_locations(path)
    return context


def _ahead_seconds(date: str | None, now: float) -> float | None:
    """By how much this machine's clock is ahead of an answer's `Date`.

    Source: RFC 9110, 6.6.1 (checked 2026-11-21).
    """
    from email.utils import parsedate_to_datetime

    try:
        return None if date is None else now - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
