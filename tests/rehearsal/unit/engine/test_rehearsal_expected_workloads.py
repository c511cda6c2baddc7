"""Load balancers, APIs, distributions and functions that cannot answer are known before anything starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud_assembly import Stack
from rehearsal.gaps import NOTHING_BEHIND, Gap, GapKind
from rehearsal.workloads.expected import backend_gaps, expected_workload_gaps

BALANCING = "AWS::ElasticLoadBalancingV2"
WHERE = "load balancer shop/Balancer in 111111111111/us-east-1"


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def resource(resource_type: str, **properties: Any) -> dict[str, Any]:
    return {"Type": resource_type, "Properties": properties}


def stack(outputs: dict[str, Any] | None = None, /, *, stack_name: str = "shop", **resources: Any) -> Stack:
    name, template = stack_name, {"Resources": resources, "Outputs": outputs or {}}
    return Stack(name=name, account="1" * 12, region="us-east-1", template=template, template_file=f"{name}.json")


def listener(*groups: Any, balancer: Any = None) -> dict[str, Any]:
    actions = [{"Type": "forward", "TargetGroupArn": group} for group in groups]
    return resource(f"{BALANCING}::Listener", LoadBalancerArn=balancer or ref("Balancer"), DefaultActions=actions)


def group(kind: str = "ip") -> dict[str, Any]:
    return resource(f"{BALANCING}::TargetGroup", TargetType=kind)


BALANCER = resource(f"{BALANCING}::LoadBalancer")
SERVICE = resource("AWS::ECS::Service", LoadBalancers=[{"TargetGroupArn": ref("Group"), "ContainerName": "web"}])
WEIGHTED = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": ref("Group")}]}}
RULE = resource(f"{BALANCING}::ListenerRule", ListenerArn=ref("Listener"), Actions=[WEIGHTED])


@pytest.mark.parametrize(
    ("resources", "without", "with_workload"),
    [
        ({"Listener": listener(ref("Group")), "Group": group(), "Service": SERVICE}, True, False),
        ({"Listener": listener(ref("Group")), "Group": group("instance")}, True, True),
        ({"Listener": listener(), "Rule": RULE, "Group": group(), "Service": SERVICE}, True, False),
        ({"Listener": listener(ref("Group")), "Group": group("lambda")}, False, False),
        ({"Listener": listener()}, False, False),
        ({"Group": group()}, False, False),
    ],
    ids=["service", "instances", "rule of a service", "function", "fixed response", "no listener"],
)
def test_balancer_behind_which_nothing_runs(resources: dict[str, Any], without: bool, with_workload: bool) -> None:
    found = [stack(None, Balancer=BALANCER, **resources)]
    gap = Gap(GapKind.WORKLOAD, WHERE, NOTHING_BEHIND)
    assert expected_workload_gaps(found, has_workload=False) == [gap] * without
    assert expected_workload_gaps(found, has_workload=True) == [gap] * with_workload


def test_balancer_in_another_stack_than_its_listener() -> None:
    output = {"Out": {"Value": ref("Balancer"), "Export": {"Name": "shop:Balancer"}}}
    network = stack(output, Balancer={**BALANCER, "Metadata": {"aws:cdk:path": "Prod/Shop/LB/Resource"}})
    service = stack(
        stack_name="service", Group=group(), L=listener(ref("Group"), balancer={"Fn::ImportValue": "shop:Balancer"})
    )
    [gap] = expected_workload_gaps([network, service], has_workload=False)
    assert gap.where == "load balancer Prod/Shop/LB in 111111111111/us-east-1"


def test_balancer_of_a_nested_stack(tmp_path: Path) -> None:
    """Its listener is in the nested stack, which gets the balancer as a parameter."""
    inner = {
        "Parameters": {"LB": {"Type": "String"}},
        "Resources": {"Listener": listener(ref("Group"), balancer=ref("LB")), "Group": group()},
    }
    (tmp_path / "inner.template.json").write_text(json.dumps(inner))
    nested = resource("AWS::CloudFormation::Stack", Parameters={"LB": ref("Balancer")})
    nested["Metadata"] = {"aws:asset:path": "inner.template.json"}
    gone = {**nested, "Metadata": {"aws:asset:path": "no-such-file.json"}}
    outer = stack(Balancer=BALANCER, Nested=nested, Gone=gone)
    [found] = outer.nested(tmp_path)
    assert found.name == "shop/Nested"
    assert [gap.where for gap in expected_workload_gaps([outer, found], has_workload=False)] == [WHERE]


def test_function_that_cannot_run() -> None:
    found = stack(Image=resource("AWS::Lambda::Function", PackageType="Image"))
    reason = "it needs a container image, which the rehearsal does not run"
    where = "function shop/Image in 111111111111/us-east-1"
    assert expected_workload_gaps([found], has_workload=True) == [Gap(GapKind.RUNTIME, where, reason)]


def outside(kind: str, backend: str) -> list[Gap]:
    reason = f"{backend} is outside of the rehearsal, so that it answers 503 “not rehearsed”"
    return [Gap(GapKind.WORKLOAD, f"{kind} shop/Front in 111111111111/us-east-1", reason)]


DNS_NAME = {"Fn::Join": ["", ["http://", {"Fn::GetAtt": ["Balancer", "DNSName"]}, "/"]]}
ADDRESSES = [
    ("https://api.example.com/items", True),
    ({"Fn::Join": ["", ["https://api.example.com/", ref("AWS::Region")]]}, True),
    ("http://old-123.us-east-1.elb.amazonaws.com/", True),
    ("https://${stageVariables.backend}/", False),
    ("https://sqs.us-east-1.amazonaws.com/", False),
    (DNS_NAME, False),
]


@pytest.mark.parametrize(("uri", "is_outside"), ADDRESSES, ids=str)
def test_api_with_a_backend_elsewhere(uri: Any, is_outside: bool) -> None:
    rest = stack(
        Front=resource("AWS::ApiGateway::RestApi"),
        Get=resource("AWS::ApiGateway::Method", RestApiId=ref("Front"), Integration={"Type": "HTTP_PROXY", "Uri": uri}),
    )
    http = stack(
        Front=resource("AWS::ApiGatewayV2::Api"),
        Any=resource(
            "AWS::ApiGatewayV2::Integration", ApiId=ref("Front"), IntegrationType="HTTP_PROXY", IntegrationUri=uri
        ),
    )
    host = "old-123.us-east-1.elb.amazonaws.com" if "elb" in str(uri) else "api.example.com"
    for found in (rest, http):
        assert backend_gaps([found]) == (outside("API", f"its backend {host}") if is_outside else [])


def test_api_whose_backend_is_found_with_cloud_map() -> None:
    found = stack(
        Front=resource("AWS::ApiGatewayV2::Api"),
        Registry=resource("AWS::ServiceDiscovery::Service"),
        Any=resource(
            "AWS::ApiGatewayV2::Integration",
            ApiId=ref("Front"),
            IntegrationType="HTTP_PROXY",
            IntegrationUri={"Fn::GetAtt": ["Registry", "Arn"]},
        ),
    )
    assert backend_gaps([found]) == outside("API", "its backend in Cloud Map")


@pytest.mark.parametrize(
    ("name", "is_outside"), [("www.example.com", True), ({"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}, False)]
)
def test_distribution_with_an_origin_elsewhere(name: Any, is_outside: bool) -> None:
    configuration = {"Origins": [{"Id": "one", "DomainName": name}, {"Id": "two", "DomainName": name}]}
    found = stack(Front=resource("AWS::CloudFront::Distribution", DistributionConfig=configuration))
    assert backend_gaps([found]) == (outside("distribution", "its origin www.example.com") if is_outside else [])


def test_classic_balancer_is_a_gap() -> None:
    [gap] = backend_gaps([stack(Old=resource("AWS::ElasticLoadBalancing::LoadBalancer"))])
    assert gap.where == "load balancer shop/Old in 111111111111/us-east-1"
    assert gap.reason == "Classic Load Balancers are not rehearsed"
