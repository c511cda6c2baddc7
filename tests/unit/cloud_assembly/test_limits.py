"""AWS's limits that cannot be raised are errors of the synthesis, not of a delivery."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloud_assembly import REVIEWS, Assembly, Stack, read
from cloud_assembly.limits import LIMITS, exceeded

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

Make = Callable[[int], dict[str, Any]]


def of_type(resource_type: str, **properties: Any) -> dict[str, Any]:
    return {"Resources": {"One": {"Type": resource_type, "Properties": properties}}}


def section(name: str) -> Make:
    return lambda count: {name: {f"Entry{number}": {"Type": "AWS::SNS::Topic"} for number in range(count)}}


def pipeline(*actions: int) -> dict[str, Any]:
    return of_type(
        "AWS::CodePipeline::Pipeline", Stages=[{"Name": str(number), "Actions": [{}] * number} for number in actions]
    )


def document(resource_type: str, name: str) -> Make:
    """A policy with this many bytes; `{"a":""}` has eight."""
    return lambda size: of_type(resource_type, **{name: {"a": "x" * (size - 8)}})


def role(size: int) -> dict[str, Any]:
    """A role with one policy inside and one beside it, which count together."""
    inside, beside = document("", "Document")(100), document("", "Document")(size - 100)
    return {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"Policies": [{"PolicyDocument": inside["Resources"]["One"]["Properties"]["Document"]}]},
            },
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {
                    "Roles": [{"Ref": "Role"}],
                    "PolicyDocument": beside["Resources"]["One"]["Properties"]["Document"],
                },
            },
        }
    }


def dashboard(*metrics: int) -> dict[str, Any]:
    body = json.dumps({"widgets": [{"properties": {"metrics": [[]] * count}} for count in metrics]})
    return of_type("AWS::CloudWatch::Dashboard", DashboardBody={"Fn::Join": ["", [body[:9], body[9:]]]})


MAKE: dict[str, Make] = {
    "resources": section("Resources"),
    "parameters": section("Parameters"),
    "outputs": section("Outputs"),
    "mappings": section("Mappings"),
    "pipeline stages": lambda count: pipeline(*[1] * count),
    "actions in a pipeline stage": lambda count: pipeline(1, count),
    "pipeline actions": lambda count: pipeline(*[25] * (count // 25), count % 25),
    "bytes in the inline policies of a role": role,
    "bytes in a managed policy": document("AWS::IAM::ManagedPolicy", "PolicyDocument"),
    "bytes in the policy of a bucket": document("AWS::S3::BucketPolicy", "PolicyDocument"),
    "bytes in the policy of a key": document("AWS::KMS::Key", "KeyPolicy"),
    "bytes in the environment variables of a function": lambda size: of_type(
        "AWS::Lambda::Function", Environment={"Variables": {"a": "x" * (size - 8)}}
    ),
    "targets of an event rule": lambda count: of_type("AWS::Events::Rule", Targets=[{}] * count),
    "bytes in the pattern of an event rule": document("AWS::Events::Rule", "EventPattern"),
    "widgets on a dashboard": lambda count: dashboard(*[0] * count),
    "metrics in a widget": lambda count: dashboard(1, count),
    "metrics on a dashboard": lambda count: dashboard(*[500] * (count // 500), count % 500),
    "bytes in the rule of a composite alarm": lambda size: of_type(
        "AWS::CloudWatch::CompositeAlarm", AlarmRule="x" * size
    ),
}
"""A template that uses a limit this often."""


def whole(folder: Path, template: dict[str, Any], *, size: int = 0, stage: str | None = None) -> Assembly:
    (folder / REVIEWS).write_text(json.dumps([{"environment": name} for name in ("dev", "prod")]))
    return Assembly(
        folder, (Stack(name="yawl", account="1", region="r", template=template, template_bytes=size, stage=stage),)
    )


@pytest.mark.parametrize("limit", [limit for limit in LIMITS if limit.what in MAKE], ids=lambda limit: limit.what)
def test_each_limit_is_reached_but_not_exceeded(limit: Any, tmp_path: Path) -> None:
    assert list(exceeded(whole(tmp_path, MAKE[limit.what](limit.most)))) == []
    [line, *_] = exceeded(whole(tmp_path, MAKE[limit.what](limit.most + 1)))
    assert f"environments: yawl has {limit.most + 1:,} {limit.what}; AWS accepts {limit.most:,} (" in line


def test_size_is_that_of_the_file(tmp_path: Path) -> None:
    assert list(exceeded(whole(tmp_path, {}, size=1_048_576))) == []
    assert list(exceeded(whole(tmp_path, {}, size=1_290_000))) == [
        "environments: yawl has 1,290,000 bytes of template; AWS accepts 1,048,576 (CloudFormation User Guide, "
        "“Understand CloudFormation quotas”). It grows with each environment, and about 1 like these 2 fit: deliver "
        "the others with a pipeline in another account, from another branch"
    ]


def test_every_limit_has_a_test() -> None:
    assert {limit.what for limit in LIMITS} == MAKE.keys() | {"bytes of template"}


def test_stack_of_an_environment_is_named_by_the_environment(tmp_path: Path) -> None:
    tagged = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": [{"Key": "Environment", "Value": "prod"}]}}
    template = {"Resources": dict.fromkeys(map(str, range(501)), tagged)}
    [line] = exceeded(whole(tmp_path, template, stage="Prod"))
    assert line.startswith("environments.prod: yawl has 501 resources; AWS accepts 500 (")


def test_example_is_far_from_every_limit(assembly: "CloudAssembly") -> None:
    found = read(Path(assembly.directory))
    assert list(exceeded(found)) == []
    used = {limit.what: limit.used(found.pipeline) / limit.most for limit in LIMITS}
    # The policy of a key and the targets of a rule do not grow with the environments.
    assert {what: share for what, share in used.items() if share > 0.5} == {}
    assert used["bytes of template"] > 0.1
    assert used["metrics on a dashboard"] > 0.05


def test_synthesis_ends_with_2_and_without_a_traceback(
    assembly: "CloudAssembly", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cloud_assembly import limits
    from pipeline_app import refuse_exceeded_limits

    few = [limits.Limit("resources", 100, "a guide", limit.used) for limit in LIMITS if limit.what == "resources"]
    monkeypatch.setattr(limits, "LIMITS", few)
    with pytest.raises(SystemExit) as stopped:
        refuse_exceeded_limits(Path(assembly.directory))
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("delivery.toml: environments: yawl-delivery has 109 resources; AWS ")
