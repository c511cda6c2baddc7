"""What a request must pass before CloudFront looks at it."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

from tests.unit.one_environment import OneEnvironment
from tests.unit.other_settings import ELSEWHERE, FURTHER_REGIONS, Synthesized

Templates: TypeAlias = Callable[[str, str], Template]

WEB_ACL = "AWS::WAFv2::WebACL"


def rules(template: Template) -> dict[str, dict[str, Any]]:
    """Return the rules by name, in the order in which they judge."""
    [acl] = template.find_resources(WEB_ACL).values()
    return {rule["Name"]: rule for rule in sorted(acl["Properties"]["Rules"], key=lambda rule: rule["Priority"])}


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_firewall_protects_the_distribution(template: Templates, environment: str) -> None:
    [distribution] = template(environment, "distribution").find_resources("AWS::CloudFront::Distribution").values()
    reference = distribution["Properties"]["DistributionConfig"]["WebACLId"]["Fn::GetStackOutput"]
    assert (reference["StackName"], reference["Region"]) == (f"yawl-{environment}-firewall", "us-east-1")
    output = template(environment, "firewall").to_json()["Outputs"][reference["OutputName"]]
    assert output["Value"] == {"Fn::GetAtt": ["WebAcl", "Arn"]}
    template(environment, "firewall").has_resource_properties(WEB_ACL, {"Scope": "CLOUDFRONT"})


def test_rate_limit_blocks_addresses(template: Templates) -> None:
    first, *_ = rules(template("prod", "firewall")).values()
    limit = {"AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": 2000}
    assert first["Statement"] == {"RateBasedStatement": limit}
    assert first["Action"] == {"Block": {}}


def test_limit_is_a_setting(prod_with_more: OneEnvironment) -> None:
    limit = rules(prod_with_more("firewall"))["rate-limit"]["Statement"]["RateBasedStatement"]["Limit"]
    assert limit == 300


def test_managed_rules_keep_their_actions(template: Templates) -> None:
    _, *managed = rules(template("prod", "firewall")).values()
    groups = [rule["Statement"]["ManagedRuleGroupStatement"] for rule in managed]
    assert {group["Name"].removeprefix("AWSManagedRules") for group in groups} == {
        "AmazonIpReputationList",
        "CommonRuleSet",
        "KnownBadInputsRuleSet",
        "SQLiRuleSet",
    }
    assert all(rule["OverrideAction"] == {"None": {}} for rule in managed)
    counting = [override["Name"] for group in groups for override in group.get("RuleActionOverrides", [])]
    assert counting == ["SizeRestrictions_BODY", "CrossSiteScripting_BODY"]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_log_redacts_credentials(template: Templates, environment: str) -> None:
    stack = template(environment, "firewall")
    stack.has_resource_properties("AWS::Logs::LogGroup", {"LogGroupName": f"aws-waf-logs-yawl-{environment}"})
    stack.has_resource_properties(
        "AWS::WAFv2::LoggingConfiguration",
        {"RedactedFields": [{"SingleHeader": {"Name": name}} for name in ("authorization", "cookie")]},
    )


def test_firewall_is_optional(prod_with_less: OneEnvironment) -> None:
    prod_with_less("distribution").has_resource_properties(
        "AWS::CloudFront::Distribution", {"DistributionConfig": Match.object_like({"WebACLId": Match.absent()})}
    )
    with pytest.raises(KeyError):
        prod_with_less("firewall")


def test_firewall_is_always_in_us_east_1(app_elsewhere: Synthesized) -> None:
    manifest = json.loads((app_elsewhere.folder / "assembly-yawl-delivery-Prod/manifest.json").read_text())
    places = {
        artifact["properties"]["stackName"]: artifact["environment"]
        for artifact in manifest["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert places.pop("yawl-prod-firewall") == "aws://444444444444/us-east-1"
    assert places.pop("yawl-prod-recovery-copies") == "aws://444444444444/us-west-2"
    assert set(places.values()) == {f"aws://444444444444/{ELSEWHERE}"}
    pipeline = app_elsewhere.pipeline
    regions = {store["Region"] for store in pipeline.definition["ArtifactStores"]}
    assert regions == {ELSEWHERE, "us-east-1", "us-west-2", *FURTHER_REGIONS}
    assert pipeline.action("Prod", "yawl-prod-firewall.Deploy")["Region"] == "us-east-1"


def test_tests_look_where_they_may(app_elsewhere: Synthesized) -> None:
    pipeline = app_elsewhere.pipeline
    variables = pipeline.project("Prod", "IntegrationTests")["Environment"]["EnvironmentVariables"]
    [stacks] = [variable["Value"] for variable in variables if variable["Name"] == "STACK_NAMES"]
    assert "yawl-prod-distribution" in stacks
    assert "firewall" not in stacks
