"""Which host each client would go to, by which way, and what its answer means.

Pure. Asking is `probing`. A host is told by its name only where that is public; a gateway's or a resource's
by the setting that names it.
Source: Claude Code documentation, "Enterprise network configuration"; the clients for Bedrock, Vertex and
Foundry of Anthropic's Python SDK; HTTPX documentation, "Environment Variables" (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keyplan.doctor.addresses import Address, address_in, address_of, exempts, foundry_address, stores_in
from keyplan.doctor.choosing import in_claude_code, in_process, origins, sdk
from keyplan.doctor.model import Answer, Finding, Setting, State
from keyplan.doctor.providers import REGION, region_of
from keyplan.doctor.variables import (
    BASE_URL,
    BASE_URLS,
    BEDROCK,
    CERTIFICATE_STORE,
    CLAUDE_CODE_PROXIES,
    FLAGS,
    FOUNDRY,
    FOUNDRY_RESOURCE,
    NO_PROXIES,
    NODE_CERTIFICATES,
    OF_ANTHROPIC,
    PYTHON_CERTIFICATES,
    PYTHON_PROXIES,
    VERTEX,
)
from keyplan.endpoints import ANTHROPIC_HOST

CLAUDE_CODE, SDKS = "Claude Code", "the SDKs"
# In most cases a request has to reach AWS within five minutes of the time in its signature. Source: IAM user
# guide, "AWS Signature Version 4 for API requests" (docs.aws.amazon.com/IAM, checked 2026-11-21).
SKEW_LIMIT_SECONDS = 300
_DEFAULT_REGIONS = {BEDROCK: "us-east-1", VERTEX: "us-east5"}


@dataclass(frozen=True)
class Trust:
    """Whose certificates a client trusts: the system's, those it brings along, and the files of settings.

    `only` means that the files take the place of the rest.
    """

    system: bool
    bundled: bool
    files: tuple[Setting, ...] = ()
    only: bool = False


@dataclass(frozen=True)
class Destination:
    """One client's way to its host.

    Args:
        client: `Claude Code` or `the SDKs`.
        host: as it is told to the person.
        address: where to connect; None where `problem` says why that is not known.
        proxy: through which proxy, and the setting that names it.
        trust: whose certificates count.
        problem: why the client would not get there, for a sentence.
        unasked: why keyplan does not look whether it would.
    """

    client: str
    host: str
    address: Address | None
    trust: Trust
    proxy: Address | None = field(default=None, repr=False)
    proxy_setting: Setting | None = None
    problem: str | None = None
    unasked: str | None = None

    @property
    def way(self) -> str:
        """The proxy, for a sentence."""
        setting = self.proxy_setting
        return "" if setting is None else f"through the proxy of {setting.name} in {setting.place}"


def destinations(settings: Sequence[Setting]) -> tuple[Destination, ...]:
    """Where Claude Code would go, and the SDKs where they find a credential at all."""
    traced = {name: origins(settings, found)[0] for name, found in in_claude_code(settings).items()}
    found = [_claude_code(traced)]
    if sdk(settings).uses is not None:
        process = {name: origins(settings, there)[0] for name, there in in_process(settings).items()}
        found.append(_of_sdk(process))
    return tuple(found)


def of_answers(answers: Iterable[Answer]) -> Iterator[Finding]:
    """What stands in the way; clients that fail in the same way are told together."""
    alike: dict[tuple[str, State, str, str], list[Answer]] = {}
    for answer in answers:
        alike.setdefault((answer.host, answer.state, answer.words, answer.way), []).append(answer)
    for (host, state, words, way), group in alike.items():
        clients = " and ".join(answer.client for answer in group)
        route = f", {way}" if way else ""
        if state is State.UNREACHED:
            message = f"{clients} cannot reach {host}{route}: {words}"
            yield Finding("unreachable", message, hint=_hint(host, words, way))
        elif state is State.UNTRUSTED:
            message = f"{clients} would not trust the certificate of {host}{route}: {words}"
            yield Finding(
                "certificate", message, hint=" ".join(_CERTIFICATE_HINTS[one.client] for one in group)
            )
    yield from _skew(answers)


def _claude_code(effective: Mapping[str, Setting]) -> Destination:
    flag = next((effective[name] for name in FLAGS if name in effective and effective[name].is_on), None)
    target = _direct(effective) if flag is None else _of_provider(flag.name, effective)
    stores = stores_in(effective.get(CERTIFICATE_STORE))
    extra = effective.get(NODE_CERTIFICATES)
    trust = Trust("system" in stores, "bundled" in stores, () if extra is None else (extra,))
    proxy = next((effective[name] for name in CLAUDE_CODE_PROXIES if name in effective), None)
    return _through(target.to(CLAUDE_CODE, trust), proxy, effective, splits_on_blanks=True)


def _of_sdk(process: Mapping[str, Setting]) -> Destination:
    target = _direct(process)
    address = target.address
    file = process.get(PYTHON_CERTIFICATES)
    trust = Trust(False, True, () if file is None else (file,), only=file is not None)
    names = PYTHON_PROXIES if address is None or address.secure else ("http_proxy", "HTTP_PROXY")
    proxy = next((process[name] for name in names if name in process), None)
    return _through(target.to(SDKS, trust), proxy, process, splits_on_blanks=False)


def _through(
    found: Destination, proxy: Setting | None, there: Mapping[str, Setting], splits_on_blanks: bool
) -> Destination:
    """The same by the proxy that its client would take; nothing on this machine is asked through one."""
    address = found.address
    exceptions = next((there[name] for name in NO_PROXIES if name in there), None)
    if proxy is None or address is None or address.is_here:
        return found
    if exceptions is not None and exempts(exceptions, address.host, splits_on_blanks):
        return found
    through = address_in(proxy)
    problem = unasked = None
    if not proxy.literal:
        unasked = "the proxy is worked out only when it is used"
    elif through is None:
        problem = "what that names is no address: it has to begin with http://"
    elif through.scheme.startswith("socks") and found.client == CLAUDE_CODE:
        problem = "Claude Code takes no SOCKS proxy"
    elif through.scheme != "http" or not address.secure:
        unasked = "keyplan asks through a proxy of http:// only, and for https"
    return replace(found, proxy=through, proxy_setting=proxy, problem=problem, unasked=unasked)


@dataclass(frozen=True)
class _Target:
    """A host, before it is known who goes there."""

    host: str
    address: Address | None = None
    problem: str | None = None
    unasked: str | None = None

    def to(self, client: str, trust: Trust) -> Destination:
        return Destination(client, self.host, self.address, trust, problem=self.problem, unasked=self.unasked)


def _direct(there: Mapping[str, Setting]) -> _Target:
    setting = there.get(BASE_URL)
    if setting is None or setting.is_known(OF_ANTHROPIC):
        return _Target(ANTHROPIC_HOST, address_of(f"https://{ANTHROPIC_HOST}"))
    return _named(setting)


def _of_provider(flag: str, there: Mapping[str, Setting]) -> _Target:
    setting = there.get(BASE_URLS[flag])
    if setting is not None:
        return _named(setting)
    if flag == FOUNDRY:
        resource = there.get(FOUNDRY_RESOURCE)
        if resource is None:
            return _Target("Foundry", unasked="neither the resource nor the address is set")
        address = foundry_address(resource) if resource.literal else None
        problem = "that is no name of a resource" if address is None else None
        return _Target(f"the host of {resource.name} in {resource.place}", address, problem)
    region = region_of(flag, there)
    name = _DEFAULT_REGIONS[flag] if region is None else region.public(REGION)
    if name is None or (region is not None and not region.literal):
        place = "" if region is None else f" of {region.name} in {region.place}"
        return _Target(f"the host{place}", unasked="that is not the name of a region as far as is known")
    host = _bedrock(name) if flag == BEDROCK else _vertex(name)
    return _Target(host, address_of(f"https://{host}"))


def _named(setting: Setting) -> _Target:
    address = address_in(setting)
    host = f"the host of {setting.name} in {setting.place}"
    if not setting.literal:
        return _Target(host, unasked="the address is worked out only when it is used")
    if address is None or address.scheme not in ("http", "https"):
        return _Target(host, problem="that is no address: it has to begin with https://")
    return _Target(host, address)


def _bedrock(region: str) -> str:
    """Source: Claude Code documentation, "Amazon Bedrock"; botocore's endpoints for China's suffix."""
    return f"bedrock-runtime.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")


def _vertex(region: str) -> str:
    if region == "global":
        return "aiplatform.googleapis.com"
    if region in ("us", "eu"):
        return f"aiplatform.{region}.rep.googleapis.com"
    return f"{region}-aiplatform.googleapis.com"


_CERTIFICATE_HINTS = {
    CLAUDE_CODE: f"Claude Code: set {NODE_CERTIFICATES} to your proxy's certificate (PEM).",
    SDKS: f"SDKs: Python takes {PYTHON_CERTIFICATES}, a file with all that is to be trusted; "
    f"TypeScript takes {NODE_CERTIFICATES}.",
}


def _hint(host: str, words: str, way: str) -> str:
    if way:
        return "look at that variable, ask who runs the proxy to let the host through, or name it in NO_PROXY"
    network = "look at the network, its name server and firewall, and whether HTTPS_PROXY is missing"
    if "name" in words and host != ANTHROPIC_HOST:
        return f"look at the region, the resource or the address in that name; then {network}"
    return network


def _skew(answers: Iterable[Answer]) -> Iterator[Finding]:
    """One clock, one finding: the host that is told is the first that says so."""
    for answer in answers:
        ahead = answer.ahead_seconds
        if ahead is not None and abs(ahead) > SKEW_LIMIT_SECONDS:
            minutes = round(abs(ahead) / 60)
            side = "ahead of" if ahead > 0 else "behind"
            message = (
                f"this machine's clock is {minutes} minutes {side} that of {answer.host}: AWS refuses "
                "signatures that are more than 5 minutes off, and tokens count as expired or not yet valid"
            )
            yield Finding("clock-skew", message, hint="set the clock, or switch on its synchronization (NTP)")
            return
