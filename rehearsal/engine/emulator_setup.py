"""Prepares an emulated AWS for a rehearsal: the emulator, the bootstraps, the deployed pipeline."""

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import ClientError, WaiterError

from cloud_assembly import PIPELINE, AwsEnvironment
from rehearsal.assembly import Assembly, ExecutionPolicies
from rehearsal.engine.account_kind import AccountKind
from rehearsal.engine.cloud import Cloud, Credentials, Forbidden
from rehearsal.engine.definition import Definition, parse
from rehearsal.engine.emulators import Emulator, Ministack
from rehearsal.errors import RehearsalError
from rehearsal.process import closed_network
from rehearsal.process.aws_hosts import write_hooks, write_ports
from rehearsal.process.isolation import machine_environment
from rehearsal.process.processes import Processes, run_in_parallel
from rehearsal.process.proxy_settings import ProxySettings, write_authorities
from rehearsal.report import failing_line
from rehearsal.report.permissions import Permissions
from rehearsal.report.progress import ActionProgress, Progress, Status

EXECUTION_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
"""The default execution policy of a bootstrapped account."""

UNCHANGED = "No updates are to be performed"
"""CloudFormation's error for an update that changes nothing."""

CREDENTIALS_PLUGIN = Path(__file__).with_name("emulated_credentials.js")
"""A CDK plugin that gives one `cdk bootstrap` the credentials of several accounts."""


class SetupFailed(Exception):  # noqa: N818 - a state of the rehearsal, not an error in it
    """A step of the set-up failed; its log says why."""


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
    ) -> None:
        self._account = account
        self._emulator = emulator or Ministack()
        self._progress = progress
        self._processes = processes
        self._directory = directory
        self._permissions = str(permissions)
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
        for line in lines:
            self._progress.log(step, line.rstrip())
            if (found := parse(line)) is not None:
                threading.Thread(target=self._drain, args=(lines, step), daemon=True).start()
                return found
        raise SetupFailed(f"{who} exited with status {process.wait()}; see its log")

    def prepare(self, cloud: Cloud, assembly: Assembly) -> Definition:
        """Bootstrap every account and region, deploy the pipeline stack and return its pipeline's definition.

        The stack is deployed as soon as its own account is ready, while the other accounts are bootstrapped.
        """
        home = assembly.home.account

        def prepare(environments: list[AwsEnvironment]) -> Definition | None:
            self._bootstrap(environments, cloud, assembly)
            return self._deploy_pipeline(cloud, assembly) if environments[0].account == home else None

        found = run_in_parallel(prepare, _groups(assembly, assembly.aws_environments), self._processes)
        [definition] = filter(None, found)
        try:
            cloud.check_service_calls(assembly.stack_name, assembly.home, "")
        except Forbidden as refusal:
            raise SetupFailed(f"{assembly.stack_name}: {refusal}") from None
        return definition

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
            one for one in after.aws_environments if one.account in accounts or one not in before.aws_environments
        ]
        for group in _groups(after, changed):
            self._bootstrap(group, cloud, after)

    def _bootstrap(self, environments: list[AwsEnvironment], cloud: Cloud, assembly: Assembly) -> None:
        """Run `cdk bootstrap` for these; accounts other than the pipeline's trust it.

        One command for all, because starting it takes most of the time. Deploys the account's execution policies
        first, if the assembly has any.
        """
        home = assembly.home
        policies = EXECUTION_POLICY
        if own := assembly.execution_policies.get(environments[0].account):
            self._deploy_policies(own, cloud)
            policies = ",".join(own.arns)
        # An empty folder: with a cdk.json, the command would synthesize the app first.
        empty = self._directory / "bootstrap"
        empty.mkdir(exist_ok=True)
        account, *more = dict.fromkeys(environment.account for environment in environments)
        names = (f"aws://{environment.account}/{environment.region}" for environment in environments)
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
        self._step(
            f"bootstrap {account} and {len(more)} more" if more else f"bootstrap {account}",
            "cdk bootstrap",
            lambda step: self._cdk(arguments, step, cloud, home, empty),
        )

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
                    StackName=policies.stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
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
        name = next(item["PhysicalResourceId"] for item in resources if item["ResourceType"] == PIPELINE)
        pipeline = cloud.in_account("codepipeline", assembly.home).get_pipeline(name=name)["pipeline"]
        return parse(pipeline, assembly.home.region)

    def _step(self, name: str, provider: str, work: Callable[[ActionProgress], T]) -> T:
        step = self._progress.add_step(name, provider)
        self._progress.start(step)
        try:
            value = work(step)
        except SetupFailed as failure:
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
        cdk = shutil.which("cdk")
        if cdk is None:
            raise RehearsalError(
                "cannot find the CDK CLI (cdk) on the PATH; run the rehearsal with make rehearse, which installs it"
            )
        self._progress.log(step, f"$ cdk {' '.join(arguments)}")
        lines: list[str] = []

        def on_line(line: str) -> None:
            lines.append(line)
            self._progress.log(step, line)

        code = self._processes.run(
            closed_network.closed([cdk, *arguments], cloud.ports),
            directory=directory,
            environment={
                **machine_environment(self._home),
                **cloud.environment(environment.region, Credentials(environment.account)),
                **cloud.proxy_environment(),
                "CI": "true",
            },
            on_line=on_line,
        )
        if code:
            failed = f"cdk {arguments[0]} failed with exit status {code}"
            raise SetupFailed(f"{failed}: {failing_line.reason(lines, 'it printed nothing')}")

    def _drain(self, lines: Iterable[str], step: ActionProgress) -> None:
        for line in lines:
            self._progress.log(step, line.rstrip())


def _groups(assembly: Assembly, environments: Sequence[AwsEnvironment]) -> list[list[AwsEnvironment]]:
    """Return the accounts and regions in groups that one `cdk bootstrap` each can prepare, the pipeline's first."""
    home = assembly.home.account
    own = [one for one in environments if one.account == home]
    further = [[one for one in environments if one.account != home]]
    if assembly.execution_policies:
        # Each account has its own policies, but one command accepts only one set.
        others = [account for account in _accounts(assembly) if account != home]
        further = [[one for one in environments if one.account == account] for account in others]
    return [group for group in (own, *further) if group]


def _accounts(assembly: Assembly) -> list[str]:
    return list(dict.fromkeys(environment.account for environment in assembly.aws_environments))


def _tunnel_port(line: str) -> int | None:
    return int(json.loads(line)["port"]) if line.startswith('{"port"') else None
