"""Asking vendors whether a value is alive: to which host it may be sent, how, and what came of it.

Owns trust and the connections. What to ask and what replies mean is each vendor's module's; how requests are
tried again is `talk`.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace

from keyplan.endpoints import Endpoint, require_trusted_vendor
from keyplan.errors import ManifestError
from keyplan.vendors import vendor_named
from keyplan.vendors.replies import an_id
from keyplan.vendors.talk import Silence, Talk, can_be_sent
from keyplan.vendors.verdicts import Answer, Verdict, nothing_to_ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.vendors.verdicts import Question

_NOBODY = {
    "gateway": "the manifest has no baseUrl for it",
    "generic": "no checkUrl in the catalogue",
}
_WHO = {"gateway": "the gateway", "generic": "the check URL"}
OF_ANTHROPIC = ("anthropic", "anthropic-admin")


class VendorRoad:
    """The way to the vendors of one environment; one thread's own.

    Args:
        manifest: the environment's.
        trusted_hosts: what the user confirmed, in lower case.
        timeout_seconds: how long asking about one value may take, with every attempt and wait.
        report: takes lines for --verbose.
        environ: the process's environment: proxy, certificates, the admin key's variable.
        sleep: waits, in seconds.
    """

    def __init__(
        self,
        manifest: Manifest,
        trusted_hosts: Collection[str],
        timeout_seconds: float,
        report: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.manifest = manifest
        self.environ = environ
        self.report = report
        self.timeout_seconds = timeout_seconds
        self._trusted_hosts = trusted_hosts
        self._sleep = sleep
        self._talks: dict[str, Talk] = {}

    def another(self) -> VendorRoad:
        """A road of the same kind, for another thread."""
        return VendorRoad(
            self.manifest, self._trusted_hosts, self.timeout_seconds, self.report, self.environ, self._sleep
        )

    def ask(self, key: ManifestKey, value: SecretValue, bound_url: str | None = None) -> Answer:
        """Whether a value is alive, and belongs where the catalogue says. Costs no tokens.

        Args:
            key: whose value it is, or is to be.
            value: it.
            bound_url: the gateway or check URL that the secret itself names, or None.

        Raises:
            UsageError: the manifest would have the value sent to a host that nobody confirmed. What the
                vendor does, or does not do, is never raised: it is the answer.
        """
        question = self._question(key)
        if question is None:
            return nothing_to_ask(_NOBODY.get(key.vendor, "this sandbox has no vendor"))
        is_bound = bound_url is not None and bound_url == key.url
        talk = self.talk(key.vendor, question.url, is_bound=is_bound)
        if not can_be_sent(question.prefix + value.reveal()):
            return Answer(Verdict.DEAD, "it has a character that no request can carry", was_asked=False)
        started = time.monotonic()
        try:
            answer = self._heard(key, value, talk, question, started + self.timeout_seconds)
        except Silence as silence:
            answer = Answer(Verdict.UNKNOWN, f"no answer from {_who(key.vendor)}: {silence.words}")
        seconds = time.monotonic() - started
        self.report(
            f"{_who(key.vendor)} about a value of {key.name}: {answer.verdict} in {seconds * 1000:.0f} ms"
        )
        return replace(answer, seconds=seconds)

    def talk(self, vendor: str, url: str, *, is_bound: bool = False) -> Talk:
        """The connection to a vendor's host.

        Args:
            vendor: its name.
            url: the host's.
            is_bound: the secret itself names the address.

        Raises:
            UsageError: a value must not go there.
        """
        endpoint = Endpoint(vendor, url, "anthropic" if vendor in OF_ANTHROPIC else "")
        require_trusted_vendor(
            endpoint, self._trusted_hosts, is_bound=is_bound, in_sandbox=is_sandbox(self.manifest)
        )
        if url not in self._talks:
            self._talks[url] = Talk(endpoint, self.environ, self.report, _who(vendor), self._sleep)
        return self._talks[url]

    def close(self) -> None:
        """Close every connection."""
        for talk in self._talks.values():
            talk.close()

    def _question(self, key: ManifestKey) -> Question | None:
        """What to ask; None where there is nobody, as in a sandbox without a vendor of its own."""
        endpoints = self.manifest.vendor_endpoints
        if key.vendor in OF_ANTHROPIC and "anthropic" not in endpoints and is_sandbox(self.manifest):
            return None
        try:
            return vendor_named(key.vendor).question(key, endpoints)
        except ValueError:
            words = f"the manifest's address for the key {key.name} is none that can be asked"
            raise ManifestError(words) from None

    def _heard(
        self, key: ManifestKey, value: SecretValue, talk: Talk, question: Question, deadline: float
    ) -> Answer:
        """What the vendor says. Raises Silence."""
        vendor = vendor_named(key.vendor)
        carried = (question.header, question.prefix, value)
        reply = talk.ask("GET", question.target, question.headers, carried, deadline)
        further = vendor.once_more(key, reply)
        if further is not None:
            headers = {**question.headers, **further}
            reply = talk.ask("GET", question.target, headers, carried, deadline)
        request_id = an_id(reply.headers.get("request-id") or reply.headers.get("x-request-id"))
        return replace(vendor.judge(key, reply), request_id=request_id)


def _who(vendor: str) -> str:
    return _WHO.get(vendor, "the Claude API")


def is_sandbox(manifest: Manifest) -> bool:
    """Whether every store of the environment is the sandbox's: no value in it is a real one."""
    places = [place for place in (manifest.aws, manifest.gcp) if place is not None]
    return all(any(url.startswith("http:") for url in place.endpoints.values()) for place in places)
