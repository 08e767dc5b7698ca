"""Which engine runs the program: Pulumi's own or the builtin one, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keyplan.errors import UsageError
from sandbox.project import Project
from sandbox.pulumi_cli.find import Engine, engine_missing, search
from sandbox.pulumi_cli.workspace import has_state
from sandbox.server.record import ServerRecord

AUTO, BUILTIN, PULUMI = "auto", "builtin", "pulumi"
ENGINES = (AUTO, PULUMI, BUILTIN)
VARIABLE = "KEYPLAN_SANDBOX_ENGINE"
START_OVER = "python -m sandbox down, which forgets the values in it, then up with the other engine"


@dataclass(frozen=True)
class Choice:
    """The engine of a run."""

    pulumi: Engine | None
    """Pulumi's own; None for the builtin one."""
    why: str

    @property
    def words(self) -> str:
        """What is used and why, in a line."""
        name = f"Pulumi {self.pulumi.version}" if self.pulumi else BUILTIN
        return f"engine: {name} ({self.why})"


def requested(argument: str | None, environ: Mapping[str, str]) -> str:
    """What the option or the environment asks for. Raises: UsageError for an unknown engine."""
    wanted = argument if argument is not None else environ.get(VARIABLE) or AUTO
    if wanted not in ENGINES:
        raise UsageError("there is no such engine", f"one of {', '.join(ENGINES)}")
    return wanted


def choose(
    wanted: str,
    project: Project,
    record: ServerRecord,
    environ: Mapping[str, str],
    report: Callable[[str], None],
) -> Choice:
    """Choose the engine of a run in a running cloud.

    What one engine made only that engine knows, so that a cloud stays with the engine it began with. Only
    asked for by name Pulumi's engine is obtained when it is not there.

    Args: report: takes lines while an engine is being obtained.

    Raises: UsageError when the other engine made what is there; KeyplanError when there is no engine.
    """
    made_by = _made_by(project, record)
    if made_by and wanted not in (AUTO, made_by):
        raise UsageError(f"what is in this sandbox was made with the engine {made_by}", START_OVER)
    if BUILTIN in (wanted, made_by):
        return Choice(None, "it made what is here" if made_by else "as asked for")
    found = search(environ)
    if found.engine is not None:
        return Choice(found.engine, found.engine.origin)
    if made_by:
        raise engine_missing(found.passed_over)
    if wanted == AUTO:
        unusable = " on this machine that can be used" if found.passed_over else ""
        return Choice(None, f"there is no pulumi{unusable}; `make engine` gets one")
    from sandbox.pulumi_cli.obtain import obtain_engine

    engine = obtain_engine(environ, report)
    return Choice(engine, engine.origin)


def _made_by(project: Project, record: ServerRecord) -> str | None:
    """The engine that made what is in this cloud; None for an empty one."""
    from sandbox.builtin.state import made_something
    from sandbox.server.administration import digest

    if made_something(project.state_file, digest(record.instance)):
        return BUILTIN
    return PULUMI if has_state(project, record) else None
