"""Synthesizes a commit's app with the project's own command, against the emulated AWS.

The app runs in a checkout of the commit inside the run directory, so that neither `cdk.context.json` nor any other file
of the user changes. Lookups are answered by the emulator.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud_assembly import AwsEnvironment
from rehearsal.actions.builds.environment import CACHES
from rehearsal.engine.cloud import Cloud, Credentials
from rehearsal.engine.emulator_setup import CREDENTIALS_PLUGIN, SetupFailed
from rehearsal.errors import NOT_EMULATED
from rehearsal.given import lookups
from rehearsal.process import closed_network
from rehearsal.process.cdk_cli import CANNOT_READ, CliChoice
from rehearsal.process.isolation import machine_environment
from rehearsal.process.processes import Processes
from rehearsal.process.run_directory import cache
from rehearsal.project.discovery import Project, app_command
from rehearsal.report import failing_line

TIMEOUT_SECONDS = 600.0
"""How long an app may take to synthesize."""
PACKAGES = ("node_modules", ".venv", "venv", ".yarn", ".pnp.cjs", ".pnp.loader.mjs", "vendor")
"""What package managers install into a project: linked into the checkout."""
LACKS_MODULE = ("No module named", "Cannot find module")
"""What Python and Node print when an app's package is not installed."""
MANAGERS = {
    "PYENV_ROOT": ".pyenv",
    "ASDF_DATA_DIR": ".asdf",
    "MISE_DATA_DIR": ".local/share/mise",
    "RBENV_ROOT": ".rbenv",
}
"""Where version managers keep what their shims run, below the user's home; synthesis has another home."""

GAP_ADVICE = (
    "; to rehearse the rest, commit the answer with the project (the CDK's lookups read cdk.context.json), or let the "
    "app do without it where AWS_ENDPOINT_URL is set"
)
"""What to do about a call of the app that the emulator lacks. The pipeline's own synthesis makes it too."""


@dataclass(frozen=True)
class Synthesized:
    """The result of a synthesis."""

    assembly: Path
    folder: Path
    """The project's folder in the checkout, with what its lookups found (cdk.context.json)."""


@dataclass(frozen=True)
class _App:
    """One app to synthesize."""

    folder: Path
    assembly: Path
    environment: Mapping[str, str]
    on_line: Callable[[str], None]
    place: Callable[[list[Mapping[str, Any]]], None]


@dataclass(frozen=True)
class Synthesis:
    """What to synthesize with."""

    clis: CliChoice
    """The CDK CLIs to try."""
    cloud: Cloud
    processes: Processes
    directory: Path
    """The run directory."""
    environment: AwsEnvironment
    """What the app sees as CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION."""

    def run(
        self,
        project: Project,
        commit: str,
        on_line: Callable[[str], None],
        place: Callable[[list[Mapping[str, Any]]], None],
    ) -> Synthesized:
        """Synthesize the commit's app; raises SetupFailed and RehearsalError.

        `place` creates what the app's lookups need, given as the assembly's `missing` entries.
        """
        folder = self.directory / "synthesis" / commit[:12]
        checkout, assembly = folder / project.repository.work_tree.name, folder / "cdk.out"
        folder.mkdir(parents=True)
        for path in project.repository.check_out(commit, checkout):
            on_line(f"submodule {path} is not checked out here; to include it: git submodule update --init")
        link_packages(project.repository.work_tree, checkout)
        on_line(f"$ cdk synth --app '{app_command(checkout, project.folder)}'")
        app = _App(checkout / project.folder, assembly, self._environment(folder), on_line, place)
        self._synthesize(app)
        return Synthesized(assembly, app.folder)

    def _synthesize(self, app: "_App") -> None:
        lines: list[str] = []
        cli = self.clis.current()
        app.on_line(str(cli))

        def on_output(line: str) -> None:
            lines.append(line)
            app.on_line(line)

        def synth(with_lookups: bool) -> int:
            lines.clear()
            command = [str(cli.program), "synth", "--quiet", "--plugin", str(CREDENTIALS_PLUGIN)]
            # With the assembly as its app, the CLI records what the assembly lacks; the app itself need not run.
            command += (
                ["--app", str(app.assembly)] if with_lookups else ["--lookups=false", "--output", str(app.assembly)]
            )
            return self.processes.run(
                closed_network.closed(command, self.cloud.ports),
                directory=app.folder,
                environment=app.environment,
                on_line=on_output,
                timeout_seconds=TIMEOUT_SECONDS,
            )

        try:
            code = lookups.synthesize(synth, app.assembly, app.place)
        except TimeoutError:
            raise SetupFailed(f"cdk synth did not end within {TIMEOUT_SECONDS:.0f} s") from None
        if code and any(CANNOT_READ in line for line in lines) and self.clis.advance():
            self._synthesize(app)
        elif code:
            raise SetupFailed(f"cdk synth failed with exit status {code}: {_reason(lines, app)}")

    def _environment(self, folder: Path) -> dict[str, str]:
        """Return the user's variables without those of AWS, with a home of its own and the emulator's settings."""
        home, shared = folder / "home", cache()
        home.mkdir()
        own = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **{name: str(shared / place) for name, place in CACHES.items()},
            **{name: str(Path.home() / place) for name, place in MANAGERS.items() if name not in os.environ},
            **machine_environment(home),
            "CI": "true",
            # Rule packs are validated by the pipeline's own synthesis.
            "CDK_VALIDATION": "false",
        }
        credentials = Credentials(self.environment.account)
        return {
            **own,
            **self.cloud.environment(self.environment.region, credentials),
            **self.cloud.proxy_environment(own),
        }


def link_packages(work_tree: Path, checkout: Path) -> None:
    """Link the installed packages of the user's folders into the same folders of the checkout."""
    for folder in _folders(checkout):
        original = work_tree / folder.relative_to(checkout)
        for name in PACKAGES:
            if (original / name).exists() and not (folder / name).exists():
                (folder / name).symlink_to(original / name)


def _folders(root: Path) -> Iterator[Path]:
    for parent, names, _ in os.walk(root):
        names[:] = [name for name in names if name not in (".git", *PACKAGES)]
        yield Path(parent)


def _reason(lines: list[str], app: _App) -> str:
    """Return why the CLI failed and what to do. A gap of the emulator comes first: it says nothing about the app."""
    for gap in lookups.gaps_of(lookups.asked(app.assembly)):
        return f"{NOT_EMULATED}: {gap.reason}"
    for line in lines:
        if NOT_EMULATED in line:
            return f"{line.strip()}{GAP_ADVICE}"
    reason = failing_line.reason(lines, "it printed nothing")
    return f"{reason}{_advice(reason, app.folder)}"


def _advice(reason: str, folder: Path) -> str:
    """Return what to do if the app lacks a module: it runs with what the user has installed."""
    if not any(text in reason for text in LACKS_MODULE):
        return ""
    active = Path(os.environ.get("VIRTUAL_ENV", "")).resolve()
    idle = [name for name in (".venv", "venv") if (folder / name).is_dir() and (folder / name).resolve() != active]
    if idle and LACKS_MODULE[0] in reason:
        return f"; activate the project's virtual environment first: . {idle[0]}/bin/activate"
    return "; install the app's packages, as for `cdk synth`, and start the rehearsal in their environment"
