"""Any other vendor: the value's form is the catalogue's `format`, and whether it is alive is asked at its
`checkUrl`, where it has them.
"""

from __future__ import annotations

import re

from keyplan.errors import ValueRejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.manifest.model import ManifestKey
    from keyplan.vendors.verdicts import Answer, Question, Reply

DEFAULT_ENV_VAR: str | None = None
KEYS_PAGE: str | None = None
OVERRIDES: Mapping[str, str] = {}


def check(text: str, value_format: str | None) -> None:
    """Raise ValueRejected unless `text` as a whole matches the regular expression `value_format`."""
    if value_format is not None and re.fullmatch(value_format, text) is None:
        raise ValueRejected(
            f"the value, of {len(text)} characters, does not match the format that the catalogue gives",
            "copy the whole value again; if the vendor's keys have a new form, change the catalogue",
        )


def hint(text: str) -> str | None:
    """None: what another vendor shows of its keys is not known."""
    return None


def question(key: ManifestKey, endpoints: Mapping[str, str]) -> Question | None:
    """A GET of the catalogue's `checkUrl`, with the value in `checkHeader`; None where there is none."""
    if key.check_url is None:
        return None
    from keyplan.endpoints import url_parts
    from keyplan.vendors.verdicts import Question

    url, path = url_parts(key.check_url)
    header = key.check_header or "Authorization"
    prefix = "Bearer " if header.lower() == "authorization" else ""
    return Question(url, path or "/", header, prefix)


def once_more(key: ManifestKey, reply: Reply) -> Mapping[str, str] | None:
    """There is nothing to add."""
    return None


def judge(key: ManifestKey, reply: Reply) -> Answer:
    """What a reply to `question` says about the value."""
    from keyplan.vendors.verdicts import Answer, Verdict

    if 200 <= reply.status < 300:
        return Answer(Verdict.ALIVE, "alive")
    return judge_status(reply, "the check URL")


def judge_status(reply: Reply, who: str) -> Answer:
    """What a status says where the shape of replies is not known.

    Source: RFC 9110, 15 (statuses), and RFC 6585, 4 (429); checked 2026-11-21. They do not say that a limit
    is told to those alone whose credential is known, so a 402 and a 429 leave it open.
    """
    from keyplan.vendors.replies import beyond
    from keyplan.vendors.verdicts import Answer, Verdict

    if reply.status == 401:
        return Answer(Verdict.DEAD, f"{who} refuses it (HTTP 401)")
    if reply.status == 403:
        return Answer(Verdict.FORBIDDEN, f"{who} forbids it everything (HTTP 403)")
    if reply.status in (402, 429):
        words = (
            f"{who} says that a limit is reached (HTTP {reply.status}), and not whether the value is alive"
        )
        return Answer(Verdict.UNKNOWN, words)
    return beyond(reply, who)
