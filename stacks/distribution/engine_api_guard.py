"""What keeps the engine's own API off the internet."""

from pathlib import Path

from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct


class EngineApiGuard(cloudfront.Function):
    """A CloudFront function that answers 403 for `/yawl/*`, in whatever way the path is written."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            code=cloudfront.FunctionCode.from_file(file_path=str(Path(__file__).with_suffix(".js"))),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment="Answers 403 for the engine's own API",
        )

    def association(self) -> cloudfront.FunctionAssociation:
        """Return what puts this before a behavior."""
        return cloudfront.FunctionAssociation(function=self, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
