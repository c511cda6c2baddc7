"""The example's pipeline."""

import pytest
from aws_cdk.assertions import Template

from tests.unit.pipeline_definition import Pipeline


@pytest.fixture(scope="module")
def pipeline(pipeline_template: Template) -> Pipeline:
    """Read the pipeline from its template."""
    return Pipeline(pipeline_template.to_json()["Resources"])
