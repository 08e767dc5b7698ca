"""A whole run: state, program, engine, and the end of both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sandbox.builtin.errors import ResourceFailed
from sandbox.builtin.state import State, opened
from sandbox.configuration import cloud_settings
from sandbox.program import Program, ProgramFailed, Run
from sandbox.result import Mode, Report, Result

Settings = Mapping[str, Mapping[str, str]]  # what each cloud's default provider is told


def run_program(
    project: Path,
    stack: str,
    config: Mapping[str, str],
    state_file: Path,
    instance_id: str,
    mode: Mode = "up",
    report: Report | None = None,
    google_url: str = "",
) -> Result:
    """Run `__main__.py` of a project against the emulated cloud, or destroy what it made.

    Args:
        project: the folder with Pulumi.yaml and __main__.py.
        config: full names -> raw text, `keyplan:keys` -> JSON; `aws:region` and `aws:endpoints` tell the
            default provider where the cloud is.
        state_file: what was made before; created when it is missing.
        instance_id: which run of the cloud's server this is. A state of another one is discarded.
        mode: `preview` changes nothing, neither in the cloud nor on disk; `destroy` runs no program.
        report: called for every resource when it is done, from the engine's threads, one call at a time.
        google_url: where Google Cloud is; what the stack left there is deleted though `config` has left it.

    Returns: exports, changes in the order in which they were done, and what the program printed.

    Raises: ProgramFailed, ResourceFailed, StateUnusable; ChangedMeanwhile when another run is under way;
        KeyboardInterrupt after Ctrl-C, with the program ended. In all of them what was made is in the
        state, and nothing was deleted that a successful run would have deleted at its end.
    """
    project = project.resolve()
    settings = cloud_settings(config, google_url)
    name = _project_name(project)
    with opened(state_file, name, stack, instance_id, preview=mode == "preview") as state:
        if mode == "destroy":
            return _destroy(settings, state, report)
        return _run(Run(str(project), name, stack, config, mode == "preview"), settings, state, report)


def _run(run: Run, settings: Settings, state: State, report: Report | None) -> Result:
    diagnostics: list[str] = []
    with Program(run, diagnostics.append) as program:
        # Imported while the program's process imports the SDK as well: each takes half a second.
        from sandbox.builtin.deployment import Deployment
        from sandbox.builtin.monitor import Engine, Monitor, serving
        from sandbox.builtin.providers import Providers
        from sandbox.builtin.removal import remove_leftovers

        providers = Providers(settings, state)
        if not run.preview and not state.resources():
            providers.prepare()
        deployment = Deployment(state, providers, Path(run.directory), preview=run.preview, report=report)
        monitor = Monitor(deployment, run.project, run.stack)
        try:
            with serving(monitor, Engine(diagnostics)) as address:
                program.finish(address, address)
        except ProgramFailed as failure:
            failure.diagnostics = diagnostics
            # The program fails too when a registration did; the registration is the reason.
            if deployment.failures:
                raise _combined(deployment.failures, diagnostics) from None
            raise
        if deployment.failures:
            raise _combined(deployment.failures, diagnostics)
        remove_leftovers(deployment)
    return Result(monitor.outputs, deployment.changes, diagnostics, state.discarded)


def _destroy(settings: Settings, state: State, report: Report | None) -> Result:
    from sandbox.builtin.deployment import Deployment
    from sandbox.builtin.providers import Providers
    from sandbox.builtin.removal import remove_everything

    deployment = Deployment(state, Providers(settings, state), Path(), preview=False, report=report)
    remove_everything(deployment)
    return Result({}, deployment.changes, [], state.discarded)


def _combined(failures: list[ResourceFailed], diagnostics: list[str]) -> ResourceFailed:
    first, *others = failures
    first.others = others
    first.diagnostics = diagnostics
    return first


def _project_name(project: Path) -> str:
    """The name in Pulumi.yaml, or the folder's when there is none."""
    import yaml

    try:
        settings = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return project.name
    return str(settings["name"])
