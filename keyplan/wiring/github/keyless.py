"""The steps of a job that needs no key: none of a cloud's, and for federation an identity token in one step.

The token is asked for in the step that uses it, and is in no output and no file: another step has nothing of
it. GitHub gives a new one for every request.

Source: GitHub Docs, "OpenID Connect reference" (ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN, `audience`); Claude
API, "Use WIF with GitHub Actions"; checked 2026-11-21.
"""

from __future__ import annotations

from urllib.parse import quote

from keyplan.routes import IDENTITY_TOKEN
from keyplan.wiring.github.reading import Reading

_REFS_NOTE = """\
Never a pull request: one from a fork gets no identity token. The federation rule has to name this
repository with these branches or tags in its `sub`, so that no other pull request is let in either."""
_ENVIRONMENT_NOTE = """\
Never a pull request: one from a fork gets no identity token, and the deployment environment's own rules
have to keep the others out. The federation rule has to name this environment in its `sub`."""
# The request's own token goes to curl through a pipe: an argument would stand in the list of processes.
_IDENTITY = """\
{unset}{name}="$(printf 'Authorization: Bearer %s\\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
  curl --silent --show-error --fail --max-time 30 --retry 2 --header @- \\
    "$ACTIONS_ID_TOKEN_REQUEST_URL&audience={audience}" | jq -er .value)"
echo "::add-mask::${name}"
export {name}
"""


def reading() -> Reading:
    """No steps, and the words of the workflow's comments."""
    return Reading("the job proves who it is", _REFS_NOTE, _ENVIRONMENT_NOTE, [])


def identity(audience: str, leftovers: tuple[str, ...]) -> str:
    """Lines for bash that give the program its identity token, and take away what would win over it."""
    unset = f"unset -v {' '.join(leftovers)}\n" if leftovers else ""
    return _IDENTITY.format(name=IDENTITY_TOKEN, audience=quote(audience, safe=""), unset=unset)


def variables(audience: str | None) -> tuple[str, ...]:
    """What the program finds then."""
    return () if audience is None else (IDENTITY_TOKEN,)
