from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")
BATCH = {
    "version": "0.2",
    "batch": {
        "fast-fail": True,
        "build-graph": [
            {"identifier": "unit", "env": {"variables": {"KIND": "unit"}}},
            {"identifier": "system", "env": {"variables": {"KIND": "system"}}, "depend-on": ["unit"]},
        ],
    },
    "phases": {"build": {"commands": ["echo $CODEBUILD_BATCH_BUILD_IDENTIFIER | tee $KIND.txt"]}},
    "artifacts": {"files": ["*.txt"]},
}


@jsii.implements(pipelines.ICodePipelineActionFactory)
class BatchedTests(pipelines.Step):
    """A batch of builds, and commands that read what all of them give."""

    def __init__(self, construct_id: str, source: pipelines.CodePipelineSource) -> None:
        super().__init__(construct_id)
        assert source.primary_output
        self._source = source.primary_output

    @jsii.member(jsii_name="produceAction")
    def produce_action(
        self, stage: codepipeline.IStage, options: pipelines.ProduceActionOptions
    ) -> pipelines.CodePipelineActionFactoryResult:
        project: Any = codebuild.PipelineProject(
            options.scope, "Tests", build_spec=codebuild.BuildSpec.from_object(BATCH)
        )
        project.enable_batch_builds()
        source, results = options.artifacts.to_code_pipeline(self._source), codepipeline.Artifact("Results")
        stage.add_action(
            actions.CodeBuildAction(
                action_name="Batch",
                project=project,
                input=source,
                outputs=[results],
                execute_batch_build=True,
                combine_batch_build_artifacts=True,
                run_order=options.run_order,
            )
        )
        stage.add_action(
            actions.CommandsAction(
                action_name="Read",
                input=results,
                commands=["grep unit unit.txt", "grep system system.txt", "export READ=$(ls | wc -l)"],
                output_variables=["READ"],
                run_order=options.run_order + 1,
            )
        )
        return pipelines.CodePipelineActionFactoryResult(run_orders_consumed=2)


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        source = pipelines.CodePipelineSource.connection(
            "example/project", "main", connection_arn="arn:aws:codestar-connections:us-east-1:111111111111:connection/1"
        )
        install = "npm install --global --silent aws-cdk@2.1148.1 && uv pip install --system -q -r requirements.txt"
        synth = pipelines.ShellStep("Synth", input=source, install_commands=[install], commands=["cdk synth --quiet"])
        pipeline = pipelines.CodePipeline(
            self, "Pipeline", synth=synth, pipeline_type=codepipeline.PipelineType.V2, self_mutation=False
        )
        dev = cdk.Stage(self, "Dev", env=ENVIRONMENT)
        cdk.CfnWaitConditionHandle(cdk.Stack(dev, "Handles"), "Handle")
        pipeline.add_stage(dev, post=[BatchedTests("Tests", source)])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
