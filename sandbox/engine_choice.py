"""Which engine runs the program: Pulumi's own or the builtin one, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keyplan.errors import UsageError
from sandbox.project import Project
from sandbox.pulumi_cli.find import Engine, engine_missing, search
from sandbox.pulumi_cli.known import known_engines
from sandbox.pulumi_cli.workspace import directory_of, has_state
from sandbox.server.record import ServerRecord, digest

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
        place = VARIABLE if argument is None else "--engine"
        raise UsageError(f"{place} asks for an engine that there is not", f"one of {', '.join(ENGINES)}")
    return wanted


def stay_with(wanted: str, project: Project, record: ServerRecord) -> str | None:
    """The engine that a running cloud began with; None when nothing was made in it.

    What one engine made only that engine knows, so that a cloud stays with it.

    Raises: UsageError when another one is wanted.
    """
    began_with = _began_with(project, record)
    if began_with and wanted not in (AUTO, began_with):
        raise UsageError(f"this sandbox began with the engine {began_with}, and stays with it", START_OVER)
    return began_with


def choose(
    wanted: str,
    project: Project,
    record: ServerRecord,
    environ: Mapping[str, str],
    report: Callable[[str], None],
) -> Choice:
    """Choose the engine of a run in a running cloud.

    Only asked for by name Pulumi's engine is obtained when it is not there.

    Args: report: takes lines while an engine is being obtained.

    Raises: UsageError when the cloud began with the other engine; KeyplanError when there is no engine.
    """
    began_with = stay_with(wanted, project, record)
    if BUILTIN in (wanted, began_with):
        return Choice(None, "this sandbox began with it" if began_with else "as asked for")
    found = search(environ, known_engines(directory_of(project)))
    if found.engine is not None:
        return Choice(found.engine, found.engine.origin)
    if began_with:
        raise engine_missing(found.passed_over)
    if wanted == AUTO:
        unusable = " on this machine that can be used" if found.passed_over else ""
        return Choice(None, f"there is no pulumi{unusable}; `make engine` gets one")
    from sandbox.pulumi_cli.obtain import obtain_engine

    engine = obtain_engine(environ, report)
    return Choice(engine, engine.origin)


def _began_with(project: Project, record: ServerRecord) -> str | None:
    from sandbox.builtin.state import made_something

    if made_something(project.state_file, digest(record.instance)):
        return BUILTIN
    return PULUMI if has_state(project, record) else None
