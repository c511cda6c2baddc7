"""Lambda: roles, limits, runtimes, permissions."""

from typing import Any

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.templates import (
    allow,
    attribute,
    function,
    policy,
    resource,
    role,
    trust,
    with_role,
)

CREATE = "Lambda API Reference, CreateFunction"


def _function(name: str, refused: str | None, source: str, **properties: Any) -> Probe:
    return Probe(name, lambda bench: bench.deploy(**with_role(**properties)), source, refused)


def _absent_role(bench: Bench) -> Answer:
    return bench.deploy(Function=function(f"arn:aws:iam::{bench.home.account}:role/nobody"))


PROBES = (
    _function("a function", None, CREATE),
    Probe(
        "a role that is not there",
        _absent_role,
        CREATE + ": InvalidParameterValueException",
        "role defined for the function cannot be assumed by Lambda",
    ),
    Probe(
        "a role that does not trust Lambda",
        lambda bench: bench.deploy(
            Role=role(AssumeRolePolicyDocument=trust("ec2.amazonaws.com")),
            Function=function(attribute("Role", "Arn")),
        ),
        CREATE + ": InvalidParameterValueException",
        "role defined for the function cannot be assumed by Lambda",
    ),
    _function("a time limit of 901 s", r"keyword \[maximum\]", "Lambda quotas: 900 seconds", Timeout=901),
    _function("memory of 20 GB", r"keyword \[maximum\]|MemorySize", "Lambda quotas: 10,240 MB", MemorySize=20480),
    _function("a runtime that is none", "not a valid enum value", CREATE, Runtime="python2.0"),
    _function(
        "a runtime that can no longer be created",
        "no longer supported|not a valid enum value",
        "Lambda Developer Guide, Runtime deprecation policy",
        Runtime="nodejs12.x",
    ),
    _function(
        "variables of 5 KB",
        "4KB|4096|exceeds",
        "Lambda quotas: 4 KB of environment variables",
        Environment={"Variables": {"LONG": "a" * 5000}},
    ),
    _function(
        "a variable that is reserved",
        "reserved",
        "Lambda Developer Guide, Environment variables: reserved keys",
        Environment={"Variables": {"AWS_REGION": "eu-west-1"}},
    ),
    _function(
        "inline code for Java",
        "ZipFile|Runtime|enum",
        "CloudFormation: AWS::Lambda::Function Code, ZipFile: Node.js and Python",
        Runtime="java21",
    ),
    _function(
        "reservation of all executions",
        "UnreservedConcurrentExecution below its minimum value",
        "Lambda Developer Guide, Reserved concurrency: 100 stay unreserved",
        ReservedConcurrentExecutions=950,
    ),
    _function(
        "reservation of one execution",
        None,
        "Lambda Developer Guide, Reserved concurrency",
        ReservedConcurrentExecutions=1,
    ),
    _function(
        "a dead-letter queue that the role may not send to",
        "does not have permissions to call SendMessage on SQS",
        CREATE + ": DeadLetterConfig",
        DeadLetterConfig={"TargetArn": {"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:probe"}},
    ),
    Probe(
        "a dead-letter queue that the role may send to",
        lambda bench: bench.deploy(
            Queue=resource("AWS::SQS::Queue"),
            Role=role(
                Policies=[
                    {
                        "PolicyName": "send",
                        "PolicyDocument": policy(allow("sqs:SendMessage", on=attribute("Queue", "Arn"))),
                    }
                ]
            ),
            Function=function(attribute("Role", "Arn"), DeadLetterConfig={"TargetArn": attribute("Queue", "Arn")}),
        ),
        CREATE + ": DeadLetterConfig",
    ),
    Probe(
        "a dead-letter queue that a denial keeps from the role",
        lambda bench: bench.deploy(
            Queue=resource("AWS::SQS::Queue"),
            Role=role(
                Policies=[
                    {
                        "PolicyName": "send",
                        "PolicyDocument": policy(
                            allow("sqs:SendMessage"), {**allow("sqs:SendMessage"), "Effect": "Deny"}
                        ),
                    }
                ]
            ),
            Function=function(attribute("Role", "Arn"), DeadLetterConfig={"TargetArn": attribute("Queue", "Arn")}),
        ),
        CREATE + ": DeadLetterConfig; IAM User Guide, Policy evaluation logic: an explicit deny overrides",
        "does not have permissions to call SendMessage on SQS",
    ),
    Probe(
        "a permission for a function that is not there",
        lambda bench: bench.deploy(
            Permission=resource(
                "AWS::Lambda::Permission",
                Action="lambda:InvokeFunction",
                FunctionName="nothing",
                Principal="events.amazonaws.com",
            )
        ),
        "Lambda API Reference, AddPermission: ResourceNotFoundException",
        "not found|NotFound|does not exist",
    ),
    Probe(
        "a permission with an action that is none",
        lambda bench: bench.deploy(
            **with_role(),
            Permission=resource(
                "AWS::Lambda::Permission",
                Action="InvokeFunction",
                FunctionName={"Ref": "Function"},
                Principal="events.amazonaws.com",
            ),
        ),
        "Lambda API Reference, AddPermission: Action",
        r"keyword \[pattern\]",
    ),
    Probe(
        "an event source that is not there",
        lambda bench: bench.deploy(
            **with_role(),
            Mapping=resource(
                "AWS::Lambda::EventSourceMapping",
                FunctionName={"Ref": "Function"},
                EventSourceArn={"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:nothing"},
            ),
        ),
        "Lambda API Reference, CreateEventSourceMapping: InvalidParameterValueException",
        "does not exist|not found|not have permissions to call",
    ),
    Probe(
        "a role that no longer exists",
        lambda bench: bench.changed(
            with_role(), {"Role": role(), "Function": function("arn:aws:iam::111111111111:role/nobody")}
        ),
        "Lambda API Reference, UpdateFunctionConfiguration",
        "cannot be assumed by Lambda|Cross-account pass role is not allowed",
    ),
)
