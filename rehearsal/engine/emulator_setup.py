"""Prepares an emulated AWS for a rehearsal: the emulator, the bootstraps, the deployed pipeline."""

import json
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import ClientError, WaiterError

from cloud_assembly import PIPELINE, AwsEnvironment
from rehearsal.assembly import Assembly, ExecutionPolicies
from rehearsal.bootstraps import DEFAULT_QUALIFIER, Bootstrap
from rehearsal.engine.account_kind import AccountKind
from rehearsal.engine.cloud import Cloud, Credentials, Forbidden
from rehearsal.engine.definition import Definition, parse
from rehearsal.engine.emulators import Emulator, Ministack
from rehearsal.errors import is_gap
from rehearsal.process import closed_network
from rehearsal.process.aws_hosts import write_hooks, write_ports
from rehearsal.process.cdk_cli import CANNOT_READ, CliChoice, candidates
from rehearsal.process.isolation import machine_environment
from rehearsal.process.processes import Processes, Stopped
from rehearsal.process.proxy_settings import ProxySettings, write_authorities
from rehearsal.report import failing_line
from rehearsal.report.permissions import Permissions
from rehearsal.report.progress import ActionProgress, Progress, Status

EXECUTION_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
"""The default execution policy of a bootstrapped account."""

UNCHANGED = "No updates are to be performed"
"""CloudFormation's error for an update that changes nothing."""

START_SECONDS = 120.0
"""How long the emulator and the tunnel may take to start."""
POLICIES_SECONDS = 60
"""How long the stack of one account's execution policies may take."""
CDK_SECONDS = 600.0
"""How long one command of the CDK CLI may take; most take seconds."""

CREDENTIALS_PLUGIN = Path(__file__).with_name("emulated_credentials.js")
"""A CDK plugin that gives one `cdk bootstrap` the credentials of several accounts."""


class SetupFailed(Exception):  # noqa: N818 - a state of the rehearsal, not an error in it
    """A step of the set-up failed; its log says why."""

    @property
    def is_gap(self) -> bool:
        """Whether it failed for what the emulator lacks, or for a placeholder, which says nothing about the project."""
        return is_gap(str(self))


T = TypeVar("T")
H = TypeVar("H")


class EmulatorSetup:
    """The steps before the pipeline runs, shown like actions."""

    def __init__(
        self,
        progress: Progress,
        processes: Processes,
        directory: Path,
        permissions: Permissions = Permissions.ENFORCED,
        *,
        account: AccountKind = AccountKind.ESTABLISHED,
        emulator: Emulator | None = None,
        clis: CliChoice | None = None,
    ) -> None:
        """`clis` are the CDK CLIs to try; None: those that the project in the current folder may use."""
        self._account = account
        self._emulator = emulator or Ministack()
        self._progress = progress
        self._processes = processes
        self._directory = directory
        self._permissions = str(permissions)
        self._commands = Processes()
        """The commands of the steps, which all end when one fails."""
        self._clis = clis or CliChoice(candidates(Path.cwd(), processes))
        self._home = directory / "home"
        self._home.mkdir(exist_ok=True)

    def start_emulator(self) -> Cloud:
        """Start the emulator and the tunnel on free loopback ports; return a client of it."""
        return self._step("emulated AWS", self._emulator.name, self._start_emulator)

    def _start_emulator(self, step: ActionProgress) -> Cloud:
        hooks = self._directory / "aws_hooks"
        write_hooks(hooks)
        authorities = self._directory / "authorities.pem"
        options = {
            "account": str(self._account),
            "permissions": str(self._permissions),
            "hooks": str(hooks),
            "authorities": str(authorities),
        }
        found = self._start(step, "the emulator", self._emulator.command(options), self._emulator.parse_ready_line)
        endpoint = f"http://localhost:{found.port}"
        write_authorities(authorities, found.authority)
        write_ports(hooks, found.port, found.tls_port)
        tunnel = [
            sys.executable,
            "-m",
            "rehearsal.process.tunnel",
            "--emulator",
            endpoint,
            "--tls-port",
            str(found.tls_port),
        ]
        port = self._start(step, "the tunnel", tunnel, _tunnel_port)
        return Cloud(endpoint, ProxySettings(f"http://127.0.0.1:{port}", authorities, hooks, found.tls_port))

    def _start(self, step: ActionProgress, who: str, command: Sequence[str], parse: Callable[[str], H | None]) -> H:
        """Start a server for the whole rehearsal; return what `parse` reads from its ready line."""
        temporary = self._directory / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {
            **machine_environment(self._home),
            # Deployed functions unpack here, so that the files are deleted with the rehearsal.
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            # Without Docker, ministack does not run tasks and databases.
            "DOCKER_HOST": "unix:///nonexistent",
            "LOG_LEVEL": "WARNING",
        }
        process = self._processes.start(list(command), directory=self._directory, environment=environment)
        lines = iter(process.stdout or ())
        # Ends the loop below, because the server's output ends with it.
        is_late = threading.Event()
        limit = threading.Timer(START_SECONDS, lambda: (is_late.set(), self._processes.end(process)))
        limit.start()
        try:
            for line in lines:
                self._progress.log(step, line.rstrip())
                if (found := parse(line)) is not None:
                    threading.Thread(target=self._drain, args=(lines, step), daemon=True).start()
                    return found
        finally:
            limit.cancel()
        if is_late.is_set():
            raise SetupFailed(f"{who} was not ready within {START_SECONDS:.0f} s; see its log")
        raise SetupFailed(f"{who} exited with status {process.wait()}; see its log")

    def prepare(self, cloud: Cloud, assembly: Assembly) -> Definition:
        """Bootstrap every account and region, deploy the pipeline stack and return its pipeline's definition.

        The stack is deployed as soon as the accounts that it needs are ready, while the others are bootstrapped.
        Raises SetupFailed, and RehearsalError if there is no CDK CLI.
        """
        for gap in assembly.gaps:
            self._progress.add_gap(gap)
        # Before the parallel steps, because it may install one.
        self._clis.current()
        home, *others = _groups(assembly, assembly.bootstraps)
        needs_others = any(account != assembly.home.account for account in assembly.support_accounts)

        def prepare_home() -> Definition | None:
            self._bootstrap(home, cloud, assembly)
            return None if needs_others else self._deploy_pipeline(cloud, assembly)

        def prepare(group: list[Bootstrap]) -> None:
            self._bootstrap(group, cloud, assembly)

        definition = self._in_parallel(prepare_home, *(partial(prepare, group) for group in others))[0]
        definition = definition or self._deploy_pipeline(cloud, assembly)
        try:
            cloud.check_service_calls(assembly.stack_name, assembly.home, "")
        except Forbidden as refusal:
            raise SetupFailed(f"{assembly.stack_name}: {refusal}") from None
        return definition

    def _in_parallel(self, *steps: Callable[[], T]) -> list[T]:
        """Run the steps at the same time; the first that fails ends the others."""
        with ThreadPoolExecutor(len(steps)) as pool:
            running = [pool.submit(step) for step in steps]
            try:
                for step in as_completed(running):
                    step.result()
            except BaseException:
                self._commands.end_all()
                raise
        return [step.result() for step in running]

    def bootstrap_changes(self, cloud: Cloud, before: Assembly, after: Assembly) -> None:
        """Bootstrap what a commit needs and the one before it did not, as an administrator does before the push.

        These are new accounts and regions, and accounts with other execution policies.
        """
        accounts = {
            account
            for account in _accounts(after)
            if before.execution_policies.get(account) != after.execution_policies.get(account)
        }
        changed = [
            one for one in after.bootstraps if one.aws_environment.account in accounts or one not in before.bootstraps
        ]
        for group in _groups(after, changed):
            self._bootstrap(group, cloud, after)

    def _bootstrap(self, group: list[Bootstrap], cloud: Cloud, assembly: Assembly) -> None:
        """Run `cdk bootstrap` for these; accounts other than the pipeline's trust it.

        One command for all that differ only by account and region, because starting it takes most of the time. Deploys
        the account's execution policies first, if the assembly has any.
        """
        policies = EXECUTION_POLICY
        if own := assembly.execution_policies.get(group[0].aws_environment.account):
            self._deploy_policies(own, cloud)
            policies = ",".join(own.arns)
        for alike in _alike(group):
            self._run_bootstrap(alike, policies, cloud, assembly.home)

    def _run_bootstrap(self, alike: list[Bootstrap], policies: str, cloud: Cloud, home: AwsEnvironment) -> None:
        first = alike[0]
        # An empty folder: with a cdk.json, the command would synthesize the app first.
        empty = self._directory / "bootstrap"
        empty.mkdir(exist_ok=True)
        account, *more = dict.fromkeys(one.aws_environment.account for one in alike)
        names = (f"aws://{one.aws_environment.account}/{one.aws_environment.region}" for one in alike)
        arguments = ["bootstrap", *names, "--cloudformation-execution-policies", policies]
        if account != home.account:
            arguments += [
                "--trust",
                home.account,
                "--trust-for-lookup",
                home.account,
                "--plugin",
                str(CREDENTIALS_PLUGIN),
            ]
        name = f"bootstrap {account} and {len(more)} more" if more else f"bootstrap {account}"
        if first.qualifier != DEFAULT_QUALIFIER:
            arguments += ["--qualifier", first.qualifier, "--toolkit-stack-name", first.stack_name]
            name += f", qualifier {first.qualifier}"
        if first.names:
            file = self._directory / f"bootstrap-{first.aws_environment.account}-{first.aws_environment.region}.yaml"
            file.write_text(first.template(self._clis.current().bootstrap_template))
            arguments += ["--template", str(file)]
        self._step(name, "cdk bootstrap", lambda step: self._cdk(arguments, step, cloud, home, empty))

    def _deploy_policies(self, policies: ExecutionPolicies, cloud: Cloud) -> None:
        """Create the account's execution policies, as its administrator does."""

        def deploy(step: ActionProgress) -> None:
            client = cloud.in_account("cloudformation", policies.aws_environment)
            exists = any(policies.stack == stack["StackName"] for stack in client.describe_stacks()["Stacks"])
            change = client.update_stack if exists else client.create_stack
            self._progress.log(step, f"{policies.stack}: {', '.join(policies.arns)}")
            try:
                change(StackName=policies.stack, TemplateBody=policies.template, Capabilities=["CAPABILITY_NAMED_IAM"])
            except ClientError as error:
                if UNCHANGED in str(error):
                    return
                raise
            try:
                client.get_waiter("stack_update_complete" if exists else "stack_create_complete").wait(
                    StackName=policies.stack, WaiterConfig={"Delay": 1, "MaxAttempts": POLICIES_SECONDS}
                )
            except WaiterError as error:
                raise SetupFailed(f"cannot deploy {policies.stack}: {error}") from None

        self._step(f"execution policies {policies.aws_environment.account}", "CloudFormation", deploy)

    def _deploy_pipeline(self, cloud: Cloud, assembly: Assembly) -> Definition:
        name = f"deploy {assembly.stack_name}"
        return self._step(name, "cdk deploy", lambda step: self._deploy(step, cloud, assembly))

    def _deploy(self, step: ActionProgress, cloud: Cloud, assembly: Assembly) -> Definition:
        app = ["--app", str(assembly.directory.resolve())]
        arguments = ["deploy", *app, assembly.stack_id, "--require-approval", "never", "--progress", "events"]
        self._cdk(arguments, step, cloud, assembly.home, self._directory)
        stack = cloud.in_account("cloudformation", assembly.home)
        resources = stack.describe_stack_resources(StackName=assembly.stack_name)["StackResources"]
        name = next(
            item["PhysicalResourceId"]
            for item in resources
            if item["LogicalResourceId"] == assembly.pipeline_id and item["ResourceType"] == PIPELINE
        )
        pipeline = cloud.in_account("codepipeline", assembly.home).get_pipeline(name=name)["pipeline"]
        return parse(pipeline, assembly.home.region)

    def _step(self, name: str, provider: str, work: Callable[[ActionProgress], T]) -> T:
        step = self._progress.add_step(name, provider)
        self._progress.start(step)
        try:
            value = work(step)
        except Exception as failure:
            # What fails after the others have ended says nothing of its own.
            is_stopping = self._processes.is_stopping or self._commands.is_stopping
            if is_stopping or isinstance(failure, Stopped):
                self._progress.end(step, Status.STOPPED, "another step failed, or the rehearsal was stopped")
            else:
                self._progress.end(step, Status.FAILED, str(failure))
            raise
        self._progress.end(step, Status.SUCCEEDED)
        return value

    def _cdk(
        self,
        arguments: Sequence[str],
        step: ActionProgress,
        cloud: Cloud,
        environment: AwsEnvironment,
        directory: Path,
    ) -> None:
        cli = self._clis.current()
        self._progress.log(step, f"{cli}: $ cdk {' '.join(arguments)}")
        lines: list[str] = []

        def on_line(line: str) -> None:
            lines.append(line)
            self._progress.log(step, line)

        try:
            code = self._commands.run(
                closed_network.closed([str(cli.program), *arguments], cloud.ports),
                directory=directory,
                environment={
                    **machine_environment(self._home),
                    **cloud.environment(environment.region, Credentials(environment.account)),
                    **cloud.proxy_environment(),
                    "CI": "true",
                },
                on_line=on_line,
                timeout_seconds=CDK_SECONDS,
            )
        except TimeoutError:
            raise SetupFailed(f"cdk {arguments[0]} did not end within {CDK_SECONDS:.0f} s; see its log") from None
        # Only a command that reads the assembly tells whether a CLI can.
        if code and any(CANNOT_READ in line for line in lines) and self._clis.advance():
            self._cdk(arguments, step, cloud, environment, directory)
        elif code:
            failed = f"cdk {arguments[0]} failed with exit status {code}"
            raise SetupFailed(f"{failed}: {failing_line.reason(lines, 'it printed nothing')}")

    def _drain(self, lines: Iterable[str], step: ActionProgress) -> None:
        for line in lines:
            self._progress.log(step, line.rstrip())


def _groups(assembly: Assembly, bootstraps: Sequence[Bootstrap]) -> list[list[Bootstrap]]:
    """Return the bootstraps in groups that can be done at the same time, the pipeline's account first."""
    home = assembly.home.account
    own = [one for one in bootstraps if one.aws_environment.account == home]
    further = [[one for one in bootstraps if one.aws_environment.account != home]]
    if assembly.execution_policies:
        # Each account has its own policies, but one command accepts only one set.
        others = [account for account in _accounts(assembly) if account != home]
        further = [[one for one in bootstraps if one.aws_environment.account == account] for account in others]
    return [group for group in (own, *further) if group]


def _alike(group: list[Bootstrap]) -> list[list[Bootstrap]]:
    """Return the bootstraps in groups that one command each can do."""

    def options(one: Bootstrap) -> tuple[str, tuple[tuple[str, str], ...]]:
        return one.qualifier, tuple(sorted(one.names.items()))

    # The pipeline's own stays first.
    order = {options(one): number for number, one in reversed(list(enumerate(group)))}
    in_order = sorted(group, key=lambda one: order[options(one)])
    return [list(alike) for _, alike in groupby(in_order, key=options)]


def _accounts(assembly: Assembly) -> list[str]:
    return list(dict.fromkeys(environment.account for environment in assembly.aws_environments))


def _tunnel_port(line: str) -> int | None:
    return int(json.loads(line)["port"]) if line.startswith('{"port"') else None
