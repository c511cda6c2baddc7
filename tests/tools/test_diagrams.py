"""The pictures of the architecture and the pipeline, drawn from the real app and from other templates."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloud_assembly import UserError
from tests.rehearsal.unit.rehearsal_fakes import checks
from tools.diagrams import architecture, architecture_picture, assembly, pipeline, pipeline_picture
from tools.diagrams.__main__ import main
from tools.diagrams.architecture import INTERNET, USERS, Architecture
from tools.diagrams.dot import attributes, quoted, text
from tools.diagrams.names import short_names

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

MOST_BOXES = 32
"""More boxes are hard to read."""


@pytest.fixture(scope="module")
def environments(assembly: "CloudAssembly") -> dict[str, assembly.Environment]:
    """The environments of the real app."""
    return {found.name: found for found in read_environments(Path(assembly.directory))}


read_environments = assembly.environments


@pytest.fixture(scope="module")
def drawn(environments: dict[str, assembly.Environment]) -> dict[str, Architecture]:
    return {name: architecture.read(environment) for name, environment in environments.items()}


def box(drawn: Architecture, kind: str) -> str:
    """The id of the only box of a kind."""
    [found] = [node.id for node in drawn.nodes if node.kind == kind]
    return found


def labels(drawn: Architecture, source: str, target: str) -> tuple[str, ...]:
    """The label of the traffic from one box to another."""
    [found] = [edge.labels for edge in drawn.edges if edge.traffic and (edge.source, edge.target) == (source, target)]
    return found


@pytest.mark.parametrize("name", ["Dev", "Staging", "Prod"])
def test_path_from_users_to_database_and_cache(drawn: dict[str, Architecture], name: str) -> None:
    of = drawn[name]
    distribution, balancer = box(of, "CloudFront distribution"), box(of, "Elastic Load Balancing load balancer")
    service = box(of, "ECS service")
    assert labels(of, USERS, distribution) == ("HTTPS",)
    assert labels(of, distribution, balancer) == ("HTTP",)
    assert labels(of, balancer, service) == ("8080",)
    assert labels(of, service, box(of, "RDS DB instance")) == ("5432",)
    assert labels(of, service, box(of, "ElastiCache replication group")) == ("6379",)
    [static] = [node.id for node in of.nodes if node.id.startswith("storage/StaticBucket")]
    assert labels(of, distribution, static) == ("/static/*  /assets/*",)
    [gateways] = [node.id for node in of.nodes if node.kind == "EC2 NAT gateway"]
    assert labels(of, service, gateways) == ("443",)
    assert labels(of, gateways, INTERNET) == ()


def test_boxes_are_in_their_groups(drawn: dict[str, Architecture]) -> None:
    of = drawn["Prod"]
    assert [tier.name for tier in of.tiers] == ["Public", "Private", "Isolated"]
    assert {
        node.kind: node.tier for node in of.nodes if node.kind.startswith(("Elastic Load", "ECS", "RDS", "ElastiCache"))
    } == {
        "Elastic Load Balancing load balancer": "Public",
        "ECS service": "Private",
        "RDS DB instance": "Isolated",
        "ElastiCache replication group": "Isolated",
    }
    assert of.network == "10.0.0.0/16"
    assert {node.stack for node in of.nodes} <= set(of.stacks)


def test_no_resource_is_omitted(environments: dict[str, assembly.Environment], drawn: dict[str, Architecture]) -> None:
    """Every resource is a box or part of one, is counted, is a frame or an arrow, or helps CloudFormation only."""
    for name, environment in environments.items():
        shown_otherwise = {*architecture.ONLY_LISTED, *architecture.STRUCTURE, *architecture.PART_OF}
        boxes = {node.id for node in drawn[name].nodes}
        short = short_names(environment.stacks)
        for key, resource in environment.resources.items():
            users = [found for found in environment.resources.values() if key in found.references]
            near = [resource.type, *resource.path, *(found.type for found in users)]
            helper = any(part.startswith(architecture.HELPERS) for part in near)
            together = any(identifier.endswith(f"/{resource.type}") for identifier in boxes)
            own = f"{short[key[0]]}/{key[1]}" in boxes
            assert own or together or helper or resource.type in shown_otherwise, key


def test_alarms_are_not_counted(drawn: dict[str, Architecture]) -> None:
    """Otherwise each new alarm would change the picture."""
    found = [node for node in drawn["Prod"].nodes if (node.kind, node.stack) == ("CloudWatch alarm", "monitoring")]
    assert [(node.title, node.count) for node in found] == [("Alarms", 1)]


def test_resource_types_have_common_names(drawn: dict[str, Architecture]) -> None:
    kinds = {node.kind for node in drawn["Prod"].nodes}
    assert {"Backup vault", "WAFv2 web ACL", "CloudTrail trail", "RDS DB instance", "Secrets Manager secret"} <= kinds


def test_picture_has_a_readable_size(drawn: dict[str, Architecture]) -> None:
    for of in drawn.values():
        assert len(of.nodes) <= MOST_BOXES


def test_table_shows_differences(drawn: dict[str, Architecture]) -> None:
    rows = architecture.differences(drawn.values())
    assert rows["NAT gateways"] == {"Dev": "1", "Staging": "2", "Prod": "2"}
    [tasks] = [row for title, row in rows.items() if title.startswith("Service")]
    assert tasks == {
        "Dev": "at least 1, at most 2",
        **dict.fromkeys(("Staging", "Prod"), "at least 2, at most 6"),
    }
    graph, words = architecture_picture.dot(list(drawn.values()))
    assert "db.t3.micro" in graph
    assert words.startswith("The architecture of Prod")


# Other templates.


def network(**more: Any) -> dict[str, Any]:
    """The resources of a VPC with one subnet."""
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"CidrBlock": "10.0.0.0/24", "VpcId": {"Ref": "Vpc"}}},
        **more,
    }


def group(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": {"Ref": "Vpc"}, **properties}}


def write(directory: Path, templates: dict[str, dict[str, Any]], pipeline_template: dict[str, Any]) -> Path:
    """Write an assembly of one stage with these stacks, and the pipeline's stack."""
    (directory / "stage").mkdir(parents=True)

    def stack(name: str) -> dict[str, Any]:
        properties = {"templateFile": f"{name}.json", "stackName": name}
        kind = "aws:cloudformation:stack"
        return {"type": kind, "environment": "aws://111111111111/eu-west-1", "properties": properties}

    for name, template in templates.items():
        (directory / "stage" / f"{name}.json").write_text(json.dumps(template))
    inner = {"artifacts": {name: stack(name) for name in templates}}
    (directory / "stage/manifest.json").write_text(json.dumps(inner))
    (directory / "delivery.json").write_text(json.dumps(pipeline_template))
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "stage", "displayName": "app/Test"}}
    outer = {"artifacts": {"delivery": stack("delivery"), "stage": stage}}
    (directory / "manifest.json").write_text(json.dumps(outer))
    return directory


def read(directory: Path, **templates: dict[str, Any]) -> Architecture:
    [environment] = assembly.environments(write(directory, templates, {"Resources": {}}))
    return architecture.read(environment)


def test_unknown_resource_type_is_drawn(tmp_path: Path) -> None:
    of = read(tmp_path, one={"Resources": {"NewThing": {"Type": "AWS::Quantum::Computer"}}})
    [node] = of.nodes
    assert (node.title, node.kind, node.tier) == ("New thing", "Quantum computer", None)


def test_rule_between_security_groups_is_an_arrow_by_way_of_outputs(tmp_path: Path) -> None:
    rule = {"SourceSecurityGroupId": {"Ref": "First"}, "FromPort": 1, "ToPort": 9}
    resources = network(First=group(), Second=group(SecurityGroupIngress=[rule]))
    groups = {name: {"Value": {"Fn::GetAtt": [name, "GroupId"]}} for name in ("First", "Second")}
    outputs = {**groups, "Subnet": {"Value": {"Ref": "Subnet"}}}

    def thing(member_of: str) -> dict[str, Any]:
        def output(name: str) -> dict[str, Any]:
            return {"Fn::GetStackOutput": {"StackName": "x-network", "OutputName": name}}

        properties = {"Groups": [output(member_of)], "Subnets": [output("Subnet")]}
        return {"Type": "AWS::New::Thing", "Properties": properties}

    of = read(
        tmp_path,
        **{
            "x-network": {"Resources": resources, "Outputs": outputs},
            "x-things": {"Resources": {"Client": thing("First"), "Server": thing("Second")}},
        },
    )
    assert labels(of, "things/Client", "things/Server") == ("1 to 9",)
    assert {node.tier for node in of.nodes} == {"Subnet"}


def test_open_security_groups_reach_users_and_internet(tmp_path: Path) -> None:
    anywhere = {"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}
    nobody = {"CidrIp": "255.255.255.255/32", "FromPort": 252, "ToPort": 86}
    resources = network(
        Open=group(SecurityGroupIngress=[anywhere], SecurityGroupEgress=[anywhere]),
        Closed=group(SecurityGroupEgress=[nobody]),
        One={"Type": "AWS::New::Thing", "Properties": {"Groups": [{"Ref": "Open"}]}},
        Other={"Type": "AWS::New::Thing", "Properties": {"Groups": [{"Ref": "Closed"}]}},
    )
    of = read(tmp_path, only={"Resources": resources})
    assert {(edge.source, edge.target) for edge in of.edges if edge.traffic} == {
        (USERS, "only/One"),
        ("only/One", INTERNET),
    }


def test_references_have_their_own_arrows(tmp_path: Path) -> None:
    secret = {"Type": "AWS::SecretsManager::Secret"}
    reader = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Environment": {"S": {"Fn::Sub": "x", "Y": {"Ref": "S"}}}},
    }
    of = read(tmp_path, only={"Resources": {"S": secret, "R": reader}})
    assert [(edge.source, edge.target, edge.traffic) for edge in of.edges] == [("only/R", "only/S", False)]


@pytest.mark.parametrize(
    ("stacks", "short"),
    [
        (("yawl-dev-network", "yawl-dev-storage"), ["network", "storage"]),
        (("a-b", "a-b-c"), ["b", "b-c"]),
        (("alone-here",), ["alone-here"]),
        ((), []),
    ],
)
def test_stack_labels_omit_the_common_prefix(stacks: tuple[str, ...], short: list[str]) -> None:
    assert list(short_names(stacks).values()) == short


def test_texts_are_escaped() -> None:
    assert quoted('a"b\\') == '"a\\"b\\\\"'
    assert attributes({"label": "<<b>x</b>>", "color": "re]d"}) == '[label=<<b>x</b>>, color="re]d"]'
    assert "&lt;script&gt;" in text("<script>", size=1, color="#000000")


# The pipeline.


def action(name: str, run_order: int, category: str, provider: str, **configuration: str) -> dict[str, Any]:
    kind = {"Category": category, "Provider": provider}
    return {"Name": name, "RunOrder": run_order, "ActionTypeId": kind, "Configuration": configuration}


def deploys(stack: str, run_order: int) -> dict[str, Any]:
    return action(f"{stack}.Deploy", run_order, "Deploy", "CloudFormation", StackName=stack)


def template_of(*stages: dict[str, Any], **properties: Any) -> dict[str, Any]:
    found = {"Type": pipeline.PIPELINE_TYPE, "Properties": {"Name": "delivery", "Stages": list(stages), **properties}}
    return {"Resources": {"Pipeline": found}}


def test_parallel_actions_are_drawn_in_parallel() -> None:
    stage = {
        "Name": "Prod",
        "Actions": [
            deploys("x-prod-b", 2),
            action("Approve", 1, "Approval", "Manual"),
            deploys("x-prod-a", 2),
            action("Test", 3, "Build", "CodeBuild"),
        ],
        "OnFailure": {"Result": "ROLLBACK"},
    }
    [found] = pipeline.read([{"Resources": {}}, template_of(stage)]).stages
    assert [[action.name for action in group] for group in found.groups] == [["Approve"], ["b", "a"], ["Test"]]
    assert [action.is_approval for group in found.groups for action in group] == [True, False, False, False]
    assert found.conditions == ("on failure: rollback",)


def test_conditions_are_shown() -> None:
    condition = {name.capitalize(): value for name, value in checks("#{a.b}", "EQ", "c").items()}
    rules = [{"Name": rule["name"]} for found in condition["Conditions"] for rule in found["rules"]]
    stage: dict[str, Any] = {
        "Name": "Prod",
        "Actions": [],
        "BeforeEntry": {"Conditions": [{"Result": "FAIL", "Rules": rules}]},
    }
    [found] = pipeline.read([template_of(stage)]).stages
    assert found.conditions == ("on entry: Check, fail",)


def test_self_mutation_is_drawn() -> None:
    source = {"Name": "Source", "Actions": [action("Source", 1, "Source", "CodeStarSourceConnection")]}
    update = {"Name": "UpdatePipeline", "Actions": [action("SelfMutate", 1, "Build", "CodeBuild")]}
    for restarts in (True, False):
        read = pipeline.read([template_of(source, update, RestartExecutionOnUpdate=restarts)])
        graph, words = pipeline_picture.dot(read)
        assert ("restarts after" in graph) is restarts
        assert "Source, UpdatePipeline" in words


def test_environment_columns() -> None:
    def stage(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
        return {"Name": name, "Actions": list(actions)}

    review = action("Review", 1, "Build", "CodeBuild")
    stages = [
        stage("Source", review),
        stage("DevReview", review),
        stage("Dev", deploys("x-dev-a", 1)),
        stage("Last", review),
    ]
    graph, _ = pipeline_picture.dot(pipeline.read([template_of(*stages)]))
    # Two columns in a row; the third stands below the first.
    assert [line.strip() for line in graph.splitlines() if "->" in line] == [
        '"Source" -> "DevReview";',
        '"DevReview" -> "Last" [constraint=false];',
        '{ rank=same; "Source" -> "Last" [style=invis]; }',
    ]


def test_app_pipeline_is_drawn(assembly: "CloudAssembly") -> None:
    found = pipeline.read(own_templates(Path(assembly.directory)))
    assert [stage.name for stage in found.stages][:4] == ["Source", "Build", "UpdatePipeline", "Assets"]
    assert found.restarts
    approvals = [
        stage.name for stage in found.stages for group in stage.groups for action in group if action.is_approval
    ]
    assert len(approvals) == 1
    assert approvals[0].startswith("Prod")
    assert {"network", "database"} <= {action.name for group in found.stages[-1].groups for action in group}


own_templates = assembly.own_templates


@pytest.mark.parametrize("number", [0, 2])
def test_exactly_one_pipeline_is_required(number: int) -> None:
    with pytest.raises(UserError, match=f"exactly one AWS::CodePipeline::Pipeline .* has {number}"):
        pipeline.read([template_of()] * number)


def test_bad_input_is_named_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--assembly", str(tmp_path)]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"diagrams: {tmp_path}/manifest.json does not exist")
    assert "cdk synth" in printed
    (tmp_path / "manifest.json").write_text('{"artifacts": {}}')
    assert main(["--assembly", str(tmp_path)]) == 2
    assert f"{tmp_path} has no stacks" in capsys.readouterr().err
