"""How the app reports invalid settings."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from settings import ComplianceSettings, Settings
from tests.unit.settings_file import delivery_toml

BUILD = {
    "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:999999999999:build/Synth:1",
    "CODEBUILD_INITIATOR": "codepipeline/yawl-delivery",
}


def test_pipeline_that_would_move_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline_app import main

    (tmp_path / "delivery.toml").write_text(delivery_toml(""))
    monkeypatch.chdir(tmp_path)
    for name, value in BUILD.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        'delivery.toml: pipeline.account: "111111111111" is not where this pipeline runs, which is 999999999999: a '
        "push does not move a pipeline, it would create a second one. Set it back, or follow docs/DEPLOYMENT_GUIDE.md, "
        "“Moving the pipeline”",
        'delivery.toml: pipeline.region: "us-east-1" is not where this pipeline runs, which is eu-west-1: a push does '
        "not move a pipeline, it would create a second one. Set it back, or follow docs/DEPLOYMENT_GUIDE.md, "
        "“Moving the pipeline”",
    ]


def test_actions_that_cannot_be_added_are_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline_app import main

    actions = '["sns:CreateTopik", "sns:CreateTopic", "iam:CreateUser"]'
    (tmp_path / "delivery.toml").write_text(
        delivery_toml(f'pipeline.execution = "least-privilege"\npipeline.execution_actions = {actions}')
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        'delivery.toml: pipeline.execution_actions[0]: "sns:CreateTopik" is no action that AWS has; remove it',
        'delivery.toml: pipeline.execution_actions[2]: "iam:CreateUser" is of IAM, whose actions come from the '
        "templates alone; remove it",
    ]


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"CODEBUILD_BUILD_ARN": BUILD["CODEBUILD_BUILD_ARN"]},
        {**BUILD, "CODEBUILD_INITIATOR": "codepipeline/another"},
        {**BUILD, "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:us-east-1:111111111111:build/Synth:1"},
    ],
    ids=["laptop", "CI in CodeBuild", "another pipeline", "at home"],
)
def test_any_other_build_may_synthesize(variables: dict[str, str], settings: Settings) -> None:
    from pipeline.moved_pipeline import moves

    assert moves(settings.pipeline, "yawl-delivery", variables) == []


def test_settings_errors_have_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline_app import main

    (tmp_path / "delivery.toml").write_text("[pipeline]\naccount = 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "delivery.toml: pipeline.account: " in printed.err
    assert "Traceback" not in printed.err


def test_mistakes_found_while_building_have_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pipeline_app
    from pipeline.events.event_function import checked

    (tmp_path / "delivery.toml").write_text(delivery_toml(""))
    monkeypatch.chdir(tmp_path)
    assert checked({"NAME": "x" * 4092}, function="Events") == {"NAME": "x" * 4092}

    def add_too_many(*_: object) -> None:
        checked({"NAME": "é" * 2047}, function="Events")

    monkeypatch.setattr(pipeline_app, "add_pipeline", add_too_many)
    with pytest.raises(SystemExit) as stopped:
        pipeline_app.main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        "delivery.toml: environments: their names make the environment variables of the function Events 4098 bytes "
        "long; Lambda allows 4096: shorten names, or remove environments or regions\n"
    )


def test_warnings_are_printed_on_every_synthesis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from aws_cdk import App, Stack

    import pipeline_app

    build = (
        "no image.uri\nimage.build = true\nenvironments.dev.approval = false\n"
        f'image.base = "public.ecr.aws/docker/library/tomcat:10.1@sha256:{"0a" * 32}"\n'
        'image.yawl_version = "6.1"\nimage.yawl_url = "https://example.com/yawl.zip"\n'
        f'image.rds_bundle_sha256 = "{"2c" * 32}"\n'
        "no environments.prod.account\nno environments.prod.region"
    )
    (tmp_path / "delivery.toml").write_text(delivery_toml(build))
    monkeypatch.chdir(tmp_path)

    def add_little(app: App, _: object) -> SimpleNamespace:
        Stack(app, "Stack")
        return SimpleNamespace(reviews=[])

    monkeypatch.setattr(pipeline_app, "add_pipeline", add_little)
    pipeline_app.main()
    assert capsys.readouterr().err.splitlines() == [
        "warning: delivery.toml: image.yawl_sha256: missing: the build uses whatever it downloads. "
        "Not allowed for prod or for environments that need an approval"
    ]


@dataclass(frozen=True)
class Review:
    """What the app lists of a change review."""

    environment: str


def test_exceeded_limit_says_how_many_environments_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from aws_cdk import App, CfnOutput, Stack

    import pipeline_app

    (tmp_path / "delivery.toml").write_text(delivery_toml(""))
    monkeypatch.chdir(tmp_path)

    def add_many(app: App, _: object) -> SimpleNamespace:
        stack = Stack(app, "yawl-delivery")
        for number in range(201):
            CfnOutput(stack, f"Output{number}", value="1")
        return SimpleNamespace(reviews=[Review("dev"), Review("prod")])

    monkeypatch.setattr(pipeline_app, "add_pipeline", add_many)
    with pytest.raises(SystemExit) as stopped:
        pipeline_app.main()
    assert stopped.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("delivery.toml: environments: yawl-delivery has 201 outputs; AWS accepts 200 ")
    assert "about 1 like these 2 fit" in line


@pytest.mark.parametrize(
    ("standards", "packs", "tag"),
    [
        (["hipaa-security"], {"AwsSolutions", "HIPAA.Security"}, "hipaa-security"),
        (
            ["nist-800-53-r5", "pci-dss-3.2.1"],
            {"AwsSolutions", "NIST.800.53.R5", "PCI.DSS.321"},
            "nist-800-53-r5+pci-dss-3.2.1",
        ),
        ([], {"AwsSolutions"}, "none"),
    ],
)
def test_settings_choose_the_standards(
    standards: list[str], packs: set[str], tag: str, settings: Settings, tmp_path: Path
) -> None:
    from aws_cdk import App, Stack
    from aws_cdk import aws_s3 as s3

    from pipeline_app import add_rule_packs

    compliance = ComplianceSettings(standards=standards)
    app = App(outdir=str(tmp_path))
    s3.Bucket(Stack(app, "Stack"), "Unlogged")
    add_rule_packs(app, settings.model_copy(update={"compliance": compliance}))
    with pytest.raises(RuntimeError):
        app.synth()
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert {plugin["pluginName"] for plugin in report["pluginReports"] if plugin["violations"]} == packs
    assert compliance.tag == tag
