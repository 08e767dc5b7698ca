"""The last resort for a CI: a script that copies a consumer's keys into the CI's own secret store.

For a CI that cannot sign a token, or whose issuer the cloud cannot reach. A copy is what everything else here
avoids: it has readers that no policy of the cloud knows, no reading of it is in the cloud's log, and no
rotation reaches it, all of which the script's own comments say. A value goes from the store that keyplan
reads through a pipe into the CI's: it is no argument, in no file, and no program but bash has it as a
variable.
"""

from __future__ import annotations

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.stores import programs, services
from keyplan.wiring.ci.stores.store import Store
from keyplan.wiring.consumers import keys_of, require_distinct
from keyplan.wiring.local.starting import FOLDER, require_plain_names
from keyplan.wiring.syntax.shell import comment

STORES = {
    "github-actions": programs.github,
    "gitlab-ci": programs.gitlab,
    "circleci": programs.circleci,
    "buildkite": services.buildkite,
    "bitbucket-pipelines": services.bitbucket,
    "azure-pipelines": services.azure,
    "jenkins": services.jenkins,
}
# The script's own variables: a key in one of such a name would be lost.
OWN_VARIABLES = (
    "name",
    "id",
    "method",
    "address",
    "project",
    "organization",
    "group",
    "secrets",
    "variables",
)
_END = "END_OF_SCRIPT"
_HEADING = """\
Copies the keys of {name} in {environment} into {place}.
No value is in here, and none is an argument of a program.

The last resort: with `keyplan wire {runtime} {name}` nothing is stored there, because each job
proves who it is and reads for itself. Take this only where the CI cannot sign a token, or the cloud cannot
reach its issuer. A rotation does not reach the copy: run this again after each `keyplan rotate {key}`,
before the old value is retired, and delete the copy with the consumer. No reading of it is in the cloud's
log.

Who can read it there:
{readers}

How a job gets it: {use}

You need bash, keyplan, credentials that may read the keys, and their manifest as ~/{manifest}
(docs/wiring-ci.md says how); and
{needs}."""


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The script, for bash.

    Raises:
        UsageError: the consumer has no keys.
        ManifestError: a setting that is missing, a name that no command line can hold, or a key that the
            manifest lacks.
    """
    require_plain_names(manifest, consumer)
    keys = keys_of(manifest, consumer)
    if not keys:
        raise UsageError(
            f"{consumer.name} reads no key, so there is nothing to store at its CI",
            f"keyplan wire {consumer.runtime} {consumer.name}",
        )
    store = STORES[consumer.runtime](manifest, consumer)
    file = f"{FOLDER}/{manifest.environment}.json"
    heading = _HEADING.format(
        name=consumer.name,
        environment=manifest.environment,
        runtime=consumer.runtime,
        key=keys[0].name,
        manifest=file,
        place=store.place,
        readers=_indented(store.readers),
        use=store.use,
        needs=store.needs,
    )
    variables = [key.env_var for key in keys]
    require_distinct(consumer, [*OWN_VARIABLES, *variables])
    return (
        f"#!/usr/bin/env bash\n{comment(heading)}\n"
        f"exec keyplan exec --manifest ~/{file} --consumer {consumer.name} -- bash -s <<'{_END}'\n"
        f"{_script(store, variables)}{_END}\n"
    )


def _script(store: Store, variables: list[str]) -> str:
    """Read by bash as a whole before it begins, since it is bash's standard input."""
    calls = [f"store {' '.join(variables)}"] if store.together else [f"store {name}" for name in variables]
    return (
        "main() {\n"
        "set +x -euo pipefail\n"
        f"export -n {' '.join(variables)}\n"
        f"{store.define}"
        + "".join(f"{call}\necho 'stored {call.removeprefix('store ')}'\n" for call in calls)
        + "}\n"
        "main\n"
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
