"""One rehearsal, from a cloud assembly to its result: set-up, execution, clean-up."""

import contextlib
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import Approver, Clock, Context, Workloads, now
from rehearsal.assembly import DEFAULT_ENVIRONMENT, Assembly, read
from rehearsal.engine.account_kind import AccountKind, BuildSlots
from rehearsal.engine.approvals import PresetApprover
from rehearsal.engine.artifacts import Artifacts
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.definition import Definition
from rehearsal.engine.emulator_setup import EmulatorSetup, SetupFailed
from rehearsal.engine.events import Rollback
from rehearsal.engine.execution import Execution, new_execution_id
from rehearsal.engine.expected_gaps import unknown_branches
from rehearsal.engine.history import History
from rehearsal.errors import RehearsalError
from rehearsal.follow_up import run_command
from rehearsal.gaps import Gap, GapKind
from rehearsal.given.accounts import Accounts
from rehearsal.given.lookups import CONTEXT_FILE
from rehearsal.given.values import Given
from rehearsal.process.cdk_cli import CdkCli, CliChoice, candidates
from rehearsal.process.processes import Processes, Stopped
from rehearsal.process.run_directory import run_directory
from rehearsal.project.discovery import Project
from rehearsal.project.repository import Repository
from rehearsal.project.synthesis import Synthesis
from rehearsal.report.notification_collector import NotificationCollector
from rehearsal.report.permissions import Permissions, empty_permissions_report, permissions_report
from rehearsal.report.progress import Progress, Result, Status
from rehearsal.workloads.command import Source, WorkloadCommand
from rehearsal.workloads.tasks import NoTasks, Tasks

INTERRUPTED = "interrupted"
"""The reason of a rehearsal that the user has stopped."""


@dataclass(frozen=True)
class Plan:
    """What to rehearse, and how."""

    assembly: Assembly | None
    """What the pipeline is installed from; None: it is synthesized from `project`."""
    repository: Path
    """Where git commands find the repository."""
    commit: str
    approver: Approver
    project: Project | None = None
    """Where the app is; only needed for what is synthesized."""
    pipeline: str | None = None
    """The pipeline, if the app has several."""
    default_environment: AwsEnvironment = DEFAULT_ENVIRONMENT
    """Where a pipeline runs that names no account and region."""
    work_tree: Path | None = None
    """The user's folder, in which commands are run; None: the repository's."""
    base_commit: str | None = None
    """Delivered first to every environment, so that `commit` updates it; None: `commit` is the first delivery."""
    base_assembly: Assembly | None = None
    """The base commit's, with the pipeline that is installed first; None: it is synthesized, if there is a project."""
    given: Given = field(default_factory=Given)
    """Values of what the accounts contain before the rehearsal; the rest become placeholders."""
    variable_overrides: Mapping[str, str] = field(default_factory=dict)
    """Values that replace those of the builds' variables, by name."""
    clock: Clock = now
    """The rehearsal's time."""
    workload: str | None = None
    """The command that serves what is behind the load balancers; None: they answer 503."""
    account: AccountKind = AccountKind.ESTABLISHED
    """Whose quotas apply."""
    fail: frozenset[str] = frozenset()
    """Actions (`Stage/Action`) made to fail."""
    pipeline_variables: Mapping[str, str] = field(default_factory=dict)
    """Values of the pipeline's own variables with which `commit` is delivered."""
    then: str | None = None
    """A command to run after the deliveries have succeeded, such as a rollback; what it starts is then run."""
    source_folders: Mapping[str, Path] = field(default_factory=dict)
    """What the pipeline's other sources deliver, by the action's name."""
    permissions: Permissions = Permissions.ENFORCED
    """What happens to calls that no policy allows."""


class Rehearsal:
    """Runs a plan. The emulated AWS can be inspected until the `with` block ends, which ends every process."""

    def __init__(
        self,
        plan: Plan,
        progress: Progress,
        *,
        directory: Path | None = None,
        on_assembly: Callable[[Assembly, CdkCli], None] = lambda _found, _cli: None,
    ) -> None:
        """Prepare a run in `directory`, by default one of its own.

        `on_assembly` gets the assembly, and the CDK CLI that is tried first, before anything is set up for it. It may
        raise RehearsalError.
        """
        self._plan = plan
        self._on_assembly = on_assembly
        self._progress = progress
        self._processes = Processes(before_end=self._read_findings)
        project = plan.project.repository.work_tree / plan.project.folder if plan.project else Path.cwd()
        self._clis = CliChoice(candidates(project, self._processes))
        self._clean_up = contextlib.ExitStack()
        self._directory = directory or self._clean_up.enter_context(run_directory())
        self._workloads: Workloads = NoTasks()
        self._history = History()
        self._accounts = Accounts(plan.given)
        self._permission_summary: dict[str, Any] | None = None
        self.cloud: Cloud | None = None
        self.definition: Definition | None = None
        """The deployed pipeline's definition; None before the set-up."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with uninterrupted():
            self._processes.end_all()
            self._clean_up.close()

    def run(self) -> None:
        """Set up and execute; the result is in the progress. Raises RehearsalError for bad input."""
        if self._plan.assembly:
            found = self._accounts.expected(self._plan.assembly, Path.cwd() / CONTEXT_FILE)
            self._plan = replace(self._plan, assembly=found)
            self._accept(found)
        try:
            set_up = EmulatorSetup(
                self._progress,
                self._processes,
                self._directory,
                self._plan.permissions,
                account=self._plan.account,
                clis=self._clis,
            )
            self.cloud = set_up.start_emulator()
            self._plan = self._with_assemblies(self.cloud)
            self._accounts.place(self.cloud)
            self.definition = set_up.prepare(self.cloud, self._plan.base_assembly or self._assembly)
            if self._plan.workload:
                self._workloads = Tasks(self.cloud, self._command(self._plan.workload))
            with NotificationCollector(self.cloud, self._progress, self._assembly.directory):
                result, reason = self._deliver(set_up, self.cloud)
            self._read_findings()
            self._progress.finish(result, reason)
        except SetupFailed as failure:
            self._progress.finish(Result.NOT_REHEARSED if failure.is_gap else Result.FAILED, str(failure))
        except (KeyboardInterrupt, Stopped):
            with uninterrupted():
                self._processes.end_all()
            self._progress.finish(Result.STOPPED, INTERRUPTED)
        except (BotoCoreError, ClientError) as error:
            if self._processes.is_stopping:
                # The emulator ended with the others.
                self._progress.finish(Result.STOPPED, INTERRUPTED)
            else:
                self._progress.finish(Result.NOT_REHEARSED, f"the emulator failed: {error}")

    def evaluate_permissions(self) -> None:
        """Add the emulator's permission evaluation to the progress."""
        mode = self._plan.permissions
        self._progress.permissions = empty_permissions_report(mode)
        assembly = self._plan.assembly
        if assembly is None or mode is Permissions.OFF:
            return
        self._read_findings()
        if self._permission_summary:
            self._progress.permissions = permissions_report(self._permission_summary, assembly.directory)

    def unused_values(self) -> list[str]:
        """Return the given values that nothing needs so far, such as misspelled ones."""
        return self._accounts.unused()

    def _read_findings(self) -> None:
        """Read what the emulator has recorded; an interrupted rehearsal does it before the emulator ends."""
        if self.cloud is None:
            return
        # The emulator may have ended; what was read before stays.
        with contextlib.suppress(OSError, BotoCoreError):
            facts = self.cloud.facts()
            self._progress.recorded_types = facts["recorded_types"]
            self._progress.runtimes = facts["functions"]["differences"]
            for gap in facts["unserved"]["gaps"]:
                self._progress.add_gap(Gap(GapKind(gap["kind"]), gap["where"], gap["reason"]))
            if self._plan.permissions is not Permissions.OFF:
                self._permission_summary = self.cloud.permission_summary()

    @property
    def _assembly(self) -> Assembly:
        if self._plan.assembly is None:
            raise ValueError("there is no assembly before it is synthesized")
        return self._plan.assembly

    def _accept(self, assembly: Assembly) -> None:
        self._on_assembly(assembly, self._clis.current())
        branches = Repository(self._plan.repository, self._plan.repository).branches()
        for gap in (*assembly.gaps, *unknown_branches(assembly.stacks[0], assembly.pipeline_id, branches)):
            self._progress.add_gap(gap)

    def _with_assemblies(self, cloud: Cloud) -> Plan:
        """Return the plan with what is to be synthesized."""
        plan, project = self._plan, self._plan.project
        if project is None:
            return plan
        assembly, base = plan.assembly, plan.base_assembly
        if assembly is None:
            assembly = self._synthesize(project, plan.commit, cloud)
            self._accept(assembly)
        if plan.base_commit and base is None:
            base = self._synthesize(project, plan.base_commit, cloud, assembly)
            _check_place(base, assembly, plan.base_commit)
        return replace(plan, assembly=assembly, base_assembly=base)

    def _synthesize(self, project: Project, commit: str, cloud: Cloud, successor: Assembly | None = None) -> Assembly:
        """Return a commit's assembly; `successor` is that of the commit which updates it."""
        step = self._progress.add_step(f"synthesize {commit[:12]}", "cdk synth")
        self._progress.start(step)
        cloud.set_commit(self._plan.repository, commit)
        synthesis = Synthesis(self._clis, cloud, self._processes, self._directory, self._plan.default_environment)
        try:
            synthesized = synthesis.run(
                project,
                commit,
                lambda line: self._progress.log(step, line),
                lambda missing: self._accounts.place_lookups(cloud, missing),
            )
        except (SetupFailed, RehearsalError) as failure:
            self._progress.end(step, Status.FAILED, str(failure))
            raise
        self._progress.end(step, Status.SUCCEEDED)
        pipeline, environment = self._plan.pipeline, self._plan.default_environment
        if successor:
            pipeline, environment = successor.pipeline, successor.home
        found = read(synthesized.assembly, pipeline=pipeline, default_environment=environment)
        return self._accounts.expected(found, synthesized.folder / CONTEXT_FILE)

    def _command(self, command: str) -> WorkloadCommand:
        source = Source(self._plan.repository, self._plan.commit)
        return WorkloadCommand(command, self._processes, self._directory / "workload", source)

    def deliver(
        self,
        commit: str,
        *,
        approver: Approver,
        fail: frozenset[str] = frozenset(),
        variables: Mapping[str, str] | None = None,
        execution_id: str | None = None,
    ) -> tuple[Result, str]:
        """Deliver a release over the ones delivered so far; return the result and its reason.

        `run` delivers the plan's; tests deliver more inside the `with` block. `variables` are the pipeline's own.
        """
        cloud, definition = self._deployed()
        cloud.set_commit(self._plan.repository, commit)
        context = replace(
            self._context(cloud, definition, commit, approver, execution_id or new_execution_id()),
            pipeline_variables=variables or {},
        )
        execution = Execution(context, self._progress, fail=fail, history=self._history)
        ended = execution.run()
        self.definition = execution.definition
        return ended

    def _deliver(self, set_up: EmulatorSetup, cloud: Cloud) -> tuple[Result, str]:
        """Deliver the base commit, if any, then the rehearsed one."""
        plan = self._plan
        if plan.base_commit:
            result, reason = self.deliver(plan.base_commit, approver=PresetApprover(answer=True))
            if result is not Result.SUCCEEDED:
                return result, f"delivering the base commit {plan.base_commit[:12]}: {reason}"
            if plan.base_assembly:
                set_up.bootstrap_changes(cloud, plan.base_assembly, self._assembly)
            self._progress.begin_release()
        ended = self.deliver(plan.commit, approver=plan.approver, fail=plan.fail, variables=plan.pipeline_variables)
        return self.follow_up(plan.then) if plan.then and ended[0] is Result.SUCCEEDED else ended

    def follow_up(self, command: str) -> tuple[Result, str]:
        """Run a command as an operator would, then each execution that it has started; return the last result."""
        cloud, _ = self._deployed()
        before = len(cloud.fact("started"))
        status, reason = run_command(
            command,
            cloud=cloud,
            home=self._assembly.home,
            repository=self._plan.work_tree or self._plan.repository,
            scratch=self._directory / "operator",
            processes=self._processes,
            progress=self._progress,
        )
        ended = Result(status), reason
        for request in cloud.fact("started")[before:]:
            ended = self._roll_back(request) if request["kind"] == "rollback" else self._start(request)
        return ended

    def _start(self, request: Mapping[str, Any]) -> tuple[Result, str]:
        """Run an execution that StartPipelineExecution was asked for."""
        commit = request["commit"] or self._plan.commit
        variables = ", ".join(f"{name}={value}" for name, value in request["variables"].items())
        self._progress.begin_release(f"{commit[:12]}{variables and ' with '}{variables}")
        return self.deliver(
            commit,
            approver=self._plan.approver,
            variables=request["variables"],
            execution_id=request["execution"],
        )

    def _roll_back(self, request: Mapping[str, Any]) -> tuple[Result, str]:
        """Run a stage again as RollbackStage was asked to."""
        _, definition = self._deployed()
        good = self._history.success(request["stage"], request["target"])
        [stage] = [one for one in definition.stages if one.name == request["stage"]]
        context = replace(good.context, execution_id=request["execution"])
        execution = Execution(context, self._progress, fail=frozenset(), history=self._history)
        status, reason = execution.roll_back(stage, good, Rollback(request["target"]))
        return Result(status), reason

    def _deployed(self) -> tuple[Cloud, Definition]:
        if self.cloud is None or self.definition is None:
            raise ValueError("a delivery needs a successful set-up; call run() first")
        return self.cloud, self.definition

    def _context(
        self, cloud: Cloud, definition: Definition, commit: str, approver: Approver, execution_id: str
    ) -> Context:
        plan = self._plan
        return Context(
            cloud=cloud,
            processes=self._processes,
            artifacts=Artifacts(self._directory / "artifacts" / execution_id),
            definition=definition,
            home=self._assembly.home,
            execution_id=execution_id,
            repository=plan.repository,
            commit=commit,
            directory=self._directory / "builds",
            approver=approver,
            workloads=self._workloads,
            clock=plan.clock,
            variable_overrides=plan.variable_overrides,
            source_folders=plan.source_folders,
            limits_cloudformation=bool(self._assembly.execution_policies),
            build_slots=BuildSlots(plan.account.concurrent_builds),
        )


def _check_place(base: Assembly, assembly: Assembly, commit: str) -> None:
    """Raise RehearsalError if a push cannot turn one pipeline into the other."""
    if (base.stack_name, base.home) != (assembly.stack_name, assembly.home):
        raise RehearsalError(
            f"--from {commit[:12]}: its pipeline is {base.stack_name} in {base.home}, this commit's is "
            f"{assembly.stack_name} in {assembly.home}; a push cannot move a pipeline, so rehearse this "
            "commit without --from"
        )


_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end a rehearsal."""


@contextlib.contextmanager
def uninterrupted() -> Generator[None, None, None]:
    """Ignore a second Ctrl-C, or a closing terminal, during the clean-up that the first one started."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
