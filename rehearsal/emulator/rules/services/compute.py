"""Lambda and ECS: roles that cannot be assumed, limits, and tasks and services that could not start.

Sources: Lambda API Reference (CreateFunction, AddPermission, CreateEventSourceMapping), "Lambda quotas", "Runtime
deprecation policy" and "Reserved concurrency", Lambda Developer Guide; ECS API Reference (RegisterTaskDefinition,
CreateService) and "Task definition parameters for Fargate", ECS Developer Guide.
"""

import re
from typing import Any

from rehearsal.emulator.internals import alb, ecs, here, iam, lambdas
from rehearsal.emulator.permissions import evaluation, principals
from rehearsal.emulator.rules import policies, quotas
from rehearsal.emulator.rules.refusal import NOT_FOUND, Refusal, service_refusal
from rehearsal.emulator.rules.request import Request, on_both, on_create

FUNCTION = "AWS::Lambda::Function"
MEMORY_MB = 10240
VARIABLES_BYTES = 4096
UNRESERVED = 100
"""Executions that must remain for functions without a reservation."""
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
"""Reserved environment variables (Lambda Developer Guide)."""
WITHDRAWN = re.compile(
    r"nodejs(|4\.3|6\.10|8\.10|10\.x|12\.x|14\.x|16\.x)|python(2\.7|3\.6|3\.7)|ruby2\.[57]|dotnetcore.*|dotnet[57]\..*|go1\.x|java8|provided"
)
"""Runtimes in which functions can no longer be created (Runtime deprecation policy, "block function create")."""


def _lambda(message: str, error: str = "InvalidParameterValueException", **more: Any) -> Refusal:
    return service_refusal(f"{message} (Error Code: {error})", "Lambda", **more)


@on_both(FUNCTION)
def require_execution_role(request: Request) -> None:
    """Refuse a role that does not exist or does not trust Lambda."""
    if not request.changed("Role"):
        return
    account, _ = here()
    arn = str(request.properties["Role"])
    if arn.split(":")[4] != account:
        raise _lambda("Cross-account pass role is not allowed.", "AccessDeniedException", status=403)
    role = iam._roles.get(arn.rpartition("/")[2])
    trusting = role is not None and any(
        "lambda.amazonaws.com" in policies.service_principals(statement)
        and policies.allows(statement, "sts:AssumeRole")
        for statement in policies.statements(role["AssumeRolePolicyDocument"])
    )
    if not trusting:
        raise _lambda("The role defined for the function cannot be assumed by Lambda.")


@on_both(FUNCTION)
def require_limits(request: Request) -> None:
    """Refuse more memory and longer variables than the quotas, reserved variables, and withdrawn runtimes."""
    memory = request.get("MemorySize")
    if memory is not None and int(memory) > MEMORY_MB:
        raise _lambda(
            f"'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to {MEMORY_MB}"
        )
    variables = request.get("Environment", "Variables") or {}
    if reserved := sorted(RESERVED_VARIABLES.intersection(variables)):
        raise _lambda(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}"
        )
    if sum(len(str(key)) + len(str(value)) for key, value in variables.items()) > VARIABLES_BYTES:
        raise _lambda(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided exceeded the 4KB limit."
        )


@on_create(FUNCTION)
def require_runtime(request: Request) -> None:
    """Refuse a runtime that is withdrawn."""
    runtime = str(request.get("Runtime") or "")
    if WITHDRAWN.fullmatch(runtime):
        raise _lambda(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions."
        )


@on_both(FUNCTION)
def require_unreserved(request: Request) -> None:
    """Refuse a reservation that leaves too few executions; a new account's ten leave none to reserve."""
    reserved = request.get("ReservedConcurrentExecutions")
    if reserved is None or not request.changed("ReservedConcurrentExecutions"):
        return
    all_of_them = quotas.lambda_executions()
    others = sum(
        int(record.get("concurrency") or 0)
        for name, record in lambdas._functions.items()
        if name != (request.physical_id or request.get("FunctionName"))
    )
    # An account whose quota is below the minimum cannot reserve any.
    if all_of_them - others - int(reserved) < min(UNRESERVED, all_of_them):
        raise _lambda(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{min(UNRESERVED, all_of_them)}]."
        )


@on_both(FUNCTION)
def require_dead_letter_queue(request: Request) -> None:
    """Refuse a dead-letter queue or topic that the role may not send to."""
    arn = str(request.get("DeadLetterConfig", "TargetArn") or "")
    if not arn or not request.changed("DeadLetterConfig"):
        return
    action, words = ("sqs:SendMessage", "SendMessage on SQS") if ":sqs:" in arn else ("sns:Publish", "Publish on SNS")
    account, _ = here()
    principal = principals.of_role(account, str(request.properties["Role"]).rpartition("/")[2])
    if not evaluation.decide(evaluation.Request(principal, action, arn)).allowed:
        raise _lambda(f"The provided execution role does not have permissions to call {words}")


@on_create("AWS::Lambda::Permission")
def require_function(request: Request) -> None:
    """Refuse a permission for a function of this account and region that does not exist."""
    _require_function(str(request.properties["FunctionName"]))


@on_create("AWS::Lambda::EventSourceMapping")
def require_source(request: Request) -> None:
    """Refuse a mapping from a queue, or to a function, that does not exist."""
    _require_function(str(request.properties["FunctionName"]))
    arn, (account, region) = str(request.get("EventSourceArn") or ""), here()
    from rehearsal.emulator.rules.services.storage import sqs  # noqa: PLC0415 - only mappings need queues

    if arn.startswith(f"arn:aws:sqs:{region}:{account}:") and arn.rpartition(":")[2] not in sqs._queue_name_to_url:
        raise _lambda(f"The queue {arn} does not exist: the source of the mapping was not found")


def _require_function(name: str) -> None:
    parts = name.split(":")
    account, region = here()
    if len(parts) >= 7 and (parts[3], parts[4]) != (region, account):
        return
    plain = parts[6] if len(parts) >= 7 else parts[0]
    if plain not in lambdas._functions:
        raise _lambda(f"Function not found: {name}", "ResourceNotFoundException", code=NOT_FOUND, status=404)


def _ecs(message: str, error: str = "ClientException", **more: Any) -> Refusal:
    return service_refusal(f"{message} (Error Code: {error})", "ECS", **more)


def _is_on_fargate(request: Request) -> bool:
    return "FARGATE" in (request.get("RequiresCompatibilities") or [])


@on_create("AWS::ECS::TaskDefinition")
def require_containers(request: Request) -> None:
    """Refuse tasks without containers, without an essential one, and with two of one name."""
    containers = request.get("ContainerDefinitions") or []
    if not containers:
        raise _ecs("Container list cannot be empty: a task definition needs a container.")
    names = [container.get("Name") for container in containers]
    if len(set(names)) < len(names):
        raise _ecs("Container names must be unique: there are duplicate container names.")
    if all(str(container.get("Essential", True)).lower() == "false" for container in containers):
        raise _ecs("Invalid 'containerDefinitions' setting: at least one container must be marked as essential")


@on_create("AWS::ECS::TaskDefinition")
def require_task_roles(request: Request) -> None:
    """Refuse invalid roles, and Fargate tasks that need an execution role and have none."""
    for name in ("ExecutionRoleArn", "TaskRoleArn"):
        arn = request.get(name)
        account, _ = here()
        if arn is None:
            continue
        own = str(arn).startswith(f"arn:aws:iam::{account}:role/")
        # ECS looks only at the form here; a missing role fails when a task starts. CloudFormation passes the
        # role with iam:PassRole, which needs one that exists.
        if not str(arn).startswith("arn:") or (own and str(arn).rpartition("/")[2] not in iam._roles):
            raise _ecs("Role is not valid")
    if not _is_on_fargate(request) or request.get("ExecutionRoleArn"):
        return
    for container in request.get("ContainerDefinitions") or []:
        if container.get("Secrets"):
            raise _ecs("Fargate requires task definition to have execution role ARN to support secrets.")
        if (container.get("LogConfiguration") or {}).get("LogDriver") == "awslogs":
            raise _ecs("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
        if ".dkr.ecr." in str(container.get("Image")):
            raise _ecs("Fargate requires task definition to have execution role ARN to support ECR images.")


@on_create("AWS::ECS::Service")
def require_service_parts(request: Request) -> None:
    """Refuse a cluster or task definition that does not exist, and a Fargate service without a network."""
    cluster = str(request.get("Cluster") or "default").rpartition("/")[2]
    if (ecs._clusters.get(cluster) or {}).get("status") != "ACTIVE":
        raise _ecs("Cluster not found.", "ClusterNotFoundException", code=NOT_FOUND)
    task = _task_definition(str(request.get("TaskDefinition") or ""))
    if task is None:
        raise _ecs("Unable to describe task definition: TaskDefinition not found.")
    if task.get("networkMode") == "awsvpc" and not request.get("NetworkConfiguration"):
        raise _ecs(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            "InvalidParameterException",
        )
    containers = {container["name"] for container in task.get("containerDefinitions", [])}
    for entry in request.get("LoadBalancers") or []:
        _require_target(entry, containers)


@on_both("AWS::ECS::Service")
def require_possible_deployment(request: Request) -> None:
    """Refuse a deployment configuration that can neither start nor stop a task."""
    least = request.get("DeploymentConfiguration", "MinimumHealthyPercent")
    most = request.get("DeploymentConfiguration", "MaximumPercent")
    if least is not None and most is not None and int(most) <= 100 and int(least) >= int(most):
        raise _ecs(
            "The deployment configuration is not valid: maximumPercent must leave room to start or stop a task",
            "InvalidParameterException",
        )


def _require_target(entry: dict[str, Any], containers: set[str]) -> None:
    group = alb._tgs.get(entry.get("TargetGroupArn") or "")
    if entry.get("ContainerName") not in containers:
        raise _ecs(
            f"The container {entry.get('ContainerName')} does not exist in the task definition.",
            "InvalidParameterException",
        )
    if group is not None and not group.get("LoadBalancerArns") and not _is_listened_to(group["TargetGroupArn"]):
        raise _ecs(
            f"The target group with targetGroupArn {group['TargetGroupArn']} "
            "does not have an associated load balancer.",
            "InvalidParameterException",
        )


def _is_listened_to(arn: str) -> bool:
    kept = [*alb._listeners.values(), *alb._rules.values()]
    return any(arn in str(record) for record in kept)


def _task_definition(identity: str) -> dict[str, Any] | None:
    name = identity.rpartition("/")[2]
    if ":" in name:
        return ecs._task_defs.get(name)
    latest = ecs._task_def_latest.get(name)
    return ecs._task_defs.get(f"{name}:{latest}") if latest else None
