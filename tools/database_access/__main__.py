"""Open read access to an environment's database for an hour: `python -m tools.database_access ENVIRONMENT`.

It starts a task that ends by itself after an hour, and prints the command that opens a session in it. CloudTrail
records who started the task and who opened a session; the session's input and output go to an encrypted log group.
Credentials: the environment's account.

Exit codes: 0 open, or closed with --close; 1 it cannot be opened now, or AWS denied or throttled a call; 2 bad input or
no credentials, or the access is off in delivery.toml; 3 not confirmed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import AwsEnvironment, UserError, read
from jobs.aws_errors import explained
from tools.accounts.accounts import Accounts
from tools.accounts.deployed_stacks import stacks_of
from tools.accounts.errors import OperationError

CANNOT, BAD_INPUT, NOT_CONFIRMED = 1, 2, 3
PREFIX: Final = "DatabaseAccess"
"""How the outputs of the application's stack begin."""
PARTS: Final = ("Cluster", "Task", "Subnets", "SecurityGroup", "Log")
CONTAINER: Final = "access"
STARTED_BY: Final = "make database-access"
POLL_SECONDS: Final = 3.0
MOST_POLLS: Final = 60
"""A Fargate task takes about a minute to start."""


class Access:
    """Starts and stops the tasks of one environment. Methods raise OperationError and boto3's errors."""

    def __init__(self, ecs: Any, outputs: Mapping[str, str]) -> None:
        self._ecs = ecs
        self.cluster, self._definition, subnets, group, self.log = (outputs[PREFIX + part] for part in PARTS)
        self._network = {"subnets": subnets.split(","), "securityGroups": [group], "assignPublicIp": "DISABLED"}

    def open(self, sleep: Callable[[float], None] = time.sleep) -> str:
        """Start a task and wait until a session can be opened in it; return its ARN."""
        answer = self._ecs.run_task(
            cluster=self.cluster,
            taskDefinition=self._definition,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": self._network},
            enableExecuteCommand=True,
            startedBy=STARTED_BY,
        )
        if not answer["tasks"]:
            reasons = "; ".join(one.get("reason", "no reason given") for one in answer.get("failures", ()))
            raise OperationError(f"ECS did not start the task: {reasons}")
        arn = answer["tasks"][0]["taskArn"]
        for _ in range(MOST_POLLS):
            [task] = self._ecs.describe_tasks(cluster=self.cluster, tasks=[arn])["tasks"]
            if task["lastStatus"] == "STOPPED":
                raise OperationError(f"the task has stopped: {task.get('stoppedReason', 'no reason given')}")
            if task["lastStatus"] == "RUNNING" and _is_reachable(task):
                return arn
            sleep(POLL_SECONDS)
        raise OperationError(
            f"the task {arn} has not started within {MOST_POLLS * POLL_SECONDS:.0f} s. Stop it with ARGS=--close and "
            "try again; the console of ECS shows its state"
        )

    def close(self) -> list[str]:
        """Stop every task that is open, and return their ARNs."""
        found = self._ecs.list_tasks(cluster=self.cluster, desiredStatus="RUNNING")["taskArns"]
        for arn in found:
            self._ecs.stop_task(cluster=self.cluster, task=arn, reason="closed by its operator")
        return found


def _is_reachable(task: Mapping[str, Any]) -> bool:
    """Return whether the agent of ECS Exec runs, where ECS says so."""
    agents = [agent for one in task.get("containers", ()) for agent in one.get("managedAgents", ())]
    return all(agent.get("lastStatus") == "RUNNING" for agent in agents)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.database_access",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("environment", help="its name in delivery.toml")
    parser.add_argument("--close", action="store_true", help="end all open access now")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (cdk.out)")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except _AwsError as error:
        print(f"database-access: {error}", file=sys.stderr)
        return CANNOT
    except UserError as error:
        print(f"database-access: {error}", file=sys.stderr)
        return BAD_INPUT


class _AwsError(Exception):
    """AWS did not do what it was asked; the text says why."""


def _run(options: argparse.Namespace) -> int:
    environment: str = options.environment
    stacks = stacks_of(environment, read(options.assembly))
    [stack] = [one for one in stacks if one.name == f"{stacks[0].family}-application"]
    accounts = Accounts()
    if accounts.account != stack.account:
        raise OperationError(
            f"{environment} is in account {stack.account}, but the credentials are of {accounts.account}; set "
            "AWS_PROFILE"
        )
    place = stack.aws_environment
    try:
        outputs = _outputs(accounts.client("cloudformation", place, role_arn=None), stack.name)
        missing = [part for part in PARTS if PREFIX + part not in outputs]
        if missing:
            raise OperationError(
                f"{stack.name} has no database access. Set database.operator_access = true for {environment} in "
                "delivery.toml and push"
            )
        access = Access(accounts.client("ecs", place, role_arn=None), outputs)
        return _close(access) if options.close else _open(environment, access, place, accounts.caller, yes=options.yes)
    except (BotoCoreError, ClientError) as error:
        rights = "credentials that may run and stop this task, pass its two roles and read the stack"
        raise _AwsError(explained(error, rights)) from None


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}


def _open(environment: str, access: Access, place: AwsEnvironment, caller: str, *, yes: bool) -> int:
    print(f"{environment}: read access to its database for an hour, as {caller}")
    print(f"  recorded  CloudTrail: who opens it; log group {access.log}: every session's input and output")
    if not yes and _answer(f"Type {environment} to open it: ") != environment:
        print("nothing was opened")
        return NOT_CONFIRMED
    try:
        task = access.open()
    except OperationError as error:
        raise _AwsError(str(error)) from None
    print("open; it ends by itself after an hour, or with ARGS=--close. Connect (needs the Session Manager plugin):")
    print(
        f"  aws ecs execute-command --region {place.region} --cluster {access.cluster} --task {task} --container "
        f"{CONTAINER} --interactive --command 'python -m supervisor.console'"
    )
    return 0


def _close(access: Access) -> int:
    closed = access.close()
    print(*(f"closed: {arn}" for arn in closed), sep="\n") if closed else print("nothing was open")
    return 0


def _answer(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""


if __name__ == "__main__":
    sys.exit(main())
