"""A CloudFront function that blocks the engine's own API from the internet."""

from pathlib import Path

from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct


class EngineApiGuard(cloudfront.Function):
    """Answers 403 for `/yawl/*`, including its encoded and unnormalized forms."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            code=cloudfront.FunctionCode.from_file(file_path=str(Path(__file__).with_suffix(".js"))),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment="Answers 403 for the engine's own API",
        )

    def association(self) -> cloudfront.FunctionAssociation:
        """Return the association for a behavior's viewer requests."""
        return cloudfront.FunctionAssociation(function=self, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
