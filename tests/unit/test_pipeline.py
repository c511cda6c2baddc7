"""The delivery pipeline, read from its template."""

from aws_cdk.assertions import Template


def test_it_is_one_v2_pipeline(pipeline_template: Template) -> None:
    pipeline_template.has_resource_properties("AWS::CodePipeline::Pipeline", {"PipelineType": "V2"})
