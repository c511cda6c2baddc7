"""CloudFormation itself: templates, properties, references, stacks and their states, replacement."""

from typing import Any

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.templates import (
    NETWORK,
    attribute,
    function,
    log_group,
    parameter,
    ref,
    resource,
    role,
    target_group,
    with_role,
)

SCHEMA = "CloudFormation CLI User Guide, Resource type handler contract: the input is valid against the schema"
INVALID = "Properties validation failed for resource"


def _invalid(name: str, words: str, source: str = SCHEMA, **resources: dict[str, Any]) -> Probe:
    return Probe(name, lambda bench: bench.deploy(**resources), source, words)


def _template(name: str, document: Any, refused: str | None, source: str, **arguments: Any) -> Probe:
    return Probe(name, lambda bench: bench.template(document, **arguments), source, refused)


TOPIC = resource("AWS::SNS::Topic")


def _rolled_back(bench: Bench) -> Answer:
    bench.deploy(Role=role(), Bad=log_group(RetentionInDays=17))
    return bench.deploy(Role=role())


def _created_again(bench: Bench) -> Answer:
    bench.deploy(Topic=TOPIC)
    return bench.call(
        "cloudformation", "create_stack", StackName="one", TemplateBody='{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}'
    )


def _unchanged(bench: Bench) -> Answer:
    bench.deploy(Topic=TOPIC)
    return bench.deploy(Topic=TOPIC)


def _exporting(name: str = "probe") -> dict[str, Any]:
    return {"Resources": {"Topic": TOPIC}, "Outputs": {"Arn": {"Value": ref("Topic"), "Export": {"Name": name}}}}


def _export_twice(bench: Bench) -> Answer:
    bench.template(_exporting())
    return bench.template(_exporting(), stack="two")


def _export_in_use(bench: Bench) -> Answer:
    bench.template(_exporting())
    bench.template(
        {"Resources": {"Value": resource("AWS::SSM::Parameter", Type="String", Value={"Fn::ImportValue": "probe"})}},
        stack="two",
    )
    return bench.delete("one")


def _partly_created(bench: Bench) -> Answer:
    """A failed creation removes what it created."""
    bench.deploy(Group=log_group(), Bad={**log_group("/bad", RetentionInDays=17), "DependsOn": "Group"})
    groups = bench.client("logs").describe_log_groups()["logGroups"]
    return Answer(accepted=not groups, words=str(groups))


SUBNET = resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.3.0/24")
TASK_CHANGE = "CloudFormation: AWS::EC2::Subnet, CidrBlock: Update requires: Replacement"
ENDPOINT = resource(
    "AWS::EC2::VPCEndpoint",
    VpcId=ref("Network"),
    ServiceName="com.amazonaws.eu-west-1.logs",
    VpcEndpointType="Interface",
)


def _endpoint(**dns: str) -> dict[str, Any]:
    return {**ENDPOINT, "Properties": {**ENDPOINT["Properties"], "DnsOptions": dns}}


PROBES = (
    _invalid("log retention of 17 days", "17 is not a valid enum value", Group=log_group(RetentionInDays=17)),
    _invalid("an unknown property", r"extraneous key \[Retention\] is not permitted", Group=log_group(Retention=7)),
    _invalid(
        "an unknown nested property",
        r"extraneous key \[Runtimes\] is not permitted",
        Queue=resource("AWS::SNS::Topic", Subscription=[{"Protocol": "sqs", "Endpoint": "a", "Runtimes": 1}]),
    ),
    _invalid(
        "a missing property", r"required key \[Value\] not found", P=resource("AWS::SSM::Parameter", Type="String")
    ),
    _invalid(
        "a list instead of a text", "expected type: String", Group=resource("AWS::Logs::LogGroup", LogGroupName=["a"])
    ),
    _invalid(
        "a text instead of a number", "expected type: Integer|not a valid enum", Group=log_group(RetentionInDays="week")
    ),
    _invalid(
        "an alias without its prefix",
        r"keyword \[pattern\]",
        Key=resource("AWS::KMS::Alias", AliasName="probe", TargetKeyId="a"),
    ),
    _invalid("a name of 513 characters", r"keyword \[maxLength\]", Group=log_group("a" * 513)),
    _invalid("memory of 100 MB", r"keyword \[minimum\]", **with_role(MemorySize=100)),
    _invalid(
        "a property that only AWS gives",
        r"extraneous key \[Arn\]|[Rr]ead-?only",
        Group=log_group(Arn="arn:aws:logs:::a"),
    ),
    Probe("a number as a text", lambda bench: bench.deploy(Group=log_group(RetentionInDays="7")), SCHEMA),
    Probe(
        "a boolean as a text", lambda bench: bench.deploy(Topic=resource("AWS::SNS::Topic", FifoTopic="false")), SCHEMA
    ),
    Probe(
        "what was made before the fault",
        _partly_created,
        "CloudFormation User Guide, Stack failure options: roll back all stack resources",
    ),
    Probe(
        "an update to an invalid value",
        lambda bench: bench.changed({"G": log_group(RetentionInDays=7)}, {"G": log_group(RetentionInDays=17)}),
        SCHEMA,
        "17 is not a valid enum value",
    ),
    _template(
        "an unknown type",
        {"Resources": {"A": {"Type": "AWS::Logs::Group"}}},
        "Unrecognized resource types",
        "CloudFormation User Guide, Template format error",
    ),
    _template(
        "a reference to nothing",
        {"Resources": {"A": resource("AWS::SNS::Topic", TopicName=ref("Nothing"))}},
        r"Unresolved resource dependencies \[Nothing\]",
        "CloudFormation User Guide, Troubleshooting: validation errors",
    ),
    _template(
        "an output that refers to nothing",
        {"Resources": {"A": TOPIC}, "Outputs": {"B": {"Value": ref("Nothing")}}},
        r"Unresolved resource dependencies \[Nothing\]",
        "CloudFormation User Guide, Troubleshooting: validation errors",
    ),
    _template(
        "a dependency on nothing",
        {"Resources": {"A": {**TOPIC, "DependsOn": "Nothing"}}},
        r"Unresolved resource dependencies \[Nothing\]",
        "CloudFormation User Guide, DependsOn attribute",
    ),
    _template(
        "an attribute that the type does not have",
        {
            "Resources": {
                "A": TOPIC,
                "B": resource("AWS::SSM::Parameter", Type="String", Value=attribute("A", "Nothing")),
            }
        },
        "Nothing",
        "CloudFormation User Guide, Fn::GetAtt",
    ),
    _template(
        "a circle of dependencies",
        {"Resources": {"A": {**TOPIC, "DependsOn": "B"}, "B": {**TOPIC, "DependsOn": "A"}}},
        "[Cc]ircular dependency",
        "CloudFormation User Guide, Troubleshooting: dependency error",
    ),
    _template(
        "no resources", {"Resources": {}}, "At least one Resources member", "CloudFormation User Guide, Resources"
    ),
    _template("no JSON", "{", "[Tt]emplate format error|not well-formed", "CloudFormation User Guide, Templates"),
    _template(
        "a parameter outside its values",
        {"Parameters": {"A": {"Type": "String", "AllowedValues": ["a"]}}, "Resources": {"T": TOPIC}},
        "AllowedValues|must be one of values|allowed values",
        "CloudFormation User Guide, Parameters: AllowedValues",
        Parameters=[{"ParameterKey": "A", "ParameterValue": "b"}],
    ),
    _template(
        "a parameter without a value",
        {"Parameters": {"A": {"Type": "String"}}, "Resources": {"T": TOPIC}},
        "must have values|was not provided",
        "CloudFormation User Guide, Parameters",
    ),
    _template(
        "a named role without CAPABILITY_NAMED_IAM",
        {"Resources": {"Role": role("probe")}},
        r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]",
        "CloudFormation API Reference, CreateStack: InsufficientCapabilitiesException",
        Capabilities=[],
    ),
    _template(
        "501 resources",
        {"Resources": {f"T{number}": {"Type": "AWS::CloudFormation::WaitConditionHandle"} for number in range(501)}},
        "500",
        "CloudFormation User Guide, Quotas: 500 resources in a template",
    ),
    Probe(
        "the output of a stack that is not there",
        lambda bench: bench.deploy(
            P=parameter(Value={"Fn::GetStackOutput": {"StackName": "nothing", "OutputName": "Arn"}})
        ),
        "CloudFormation User Guide, Fn::GetStackOutput",
        "nothing",
    ),
    Probe(
        "a stack that exists",
        _created_again,
        "CloudFormation API Reference, CreateStack",
        "already exists|AlreadyExists",
    ),
    Probe(
        "an update without changes",
        _unchanged,
        "CloudFormation API Reference, UpdateStack",
        "No updates are to be performed",
    ),
    Probe(
        "an update of a stack in ROLLBACK_COMPLETE",
        _rolled_back,
        "CloudFormation User Guide, Stack status codes: ROLLBACK_COMPLETE can only be deleted",
        "ROLLBACK_COMPLETE state and can ?not be updated",
    ),
    Probe(
        "an export's name twice", _export_twice, "CloudFormation User Guide, Outputs: unique within a Region", "probe"
    ),
    Probe(
        "the deletion of a stack whose export is used",
        _export_in_use,
        "CloudFormation User Guide, Fn::ImportValue",
        "in use by|is imported by",
    ),
    Probe(
        "a create-only property",
        lambda bench: bench.replaced(
            {**NETWORK, "Sub": SUBNET},
            {**NETWORK, "Sub": {**SUBNET, "Properties": {**SUBNET["Properties"], "CidrBlock": "10.0.4.0/24"}}},
            "Sub",
        ),
        TASK_CHANGE,
        "Replacement True",
    ),
    Probe(
        "a property that is changed in place",
        lambda bench: bench.replaced({"G": log_group(RetentionInDays=7)}, {"G": log_group(RetentionInDays=14)}, "G"),
        "CloudFormation: AWS::Logs::LogGroup, RetentionInDays: Update requires: No interruption",
    ),
    Probe(
        "a nested create-only property",
        lambda bench: bench.replaced(
            {**NETWORK, "E": _endpoint(PrivateDnsPreference="ALL_DOMAINS")},
            {**NETWORK, "E": _endpoint(PrivateDnsPreference="VERIFIED_DOMAINS_ONLY")},
            "E",
        ),
        "Schema of AWS::EC2::VPCEndpoint: createOnlyProperties DnsOptions/PrivateDnsPreference",
        "Replacement True",
    ),
    Probe(
        "a nested property beside a create-only one",
        lambda bench: bench.replaced(
            {**NETWORK, "E": _endpoint(DnsRecordIpType="ipv4")},
            {**NETWORK, "E": _endpoint(DnsRecordIpType="dualstack")},
            "E",
        ),
        "Schema of AWS::EC2::VPCEndpoint: createOnlyProperties DnsOptions/PrivateDnsPreference",
    ),
    Probe(
        "what refers to a replaced resource",
        lambda bench: bench.replaced(
            {**NETWORK, "Group": target_group(None)},
            {**NETWORK, "Network": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"), "Group": target_group(None)},
            "Group",
        ),
        "CloudFormation API Reference, ResourceChangeDetail: ChangeSource ResourceReference",
        "Replacement (True|Conditional)",
    ),
    Probe(
        "a named resource that has to be replaced",
        lambda bench: bench.changed(
            {**NETWORK, "Group": target_group("probe")}, {**NETWORK, "Group": target_group("probe", Port=9090)}
        ),
        "CloudFormation User Guide, Name type: no replacement of custom-named resources",
        "custom-named resource requires replacing",
    ),
    Probe(
        "a function's package type",
        lambda bench: bench.replaced(
            with_role(),
            {
                "Role": role(),
                "Function": function(attribute("Role", "Arn"), PackageType="Image"),
            },
            "Function",
        ),
        "CloudFormation: AWS::Lambda::Function, PackageType: Update requires: Replacement",
        "Replacement True",
    ),
)
