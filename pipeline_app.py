"""The CDK app: what `delivery.toml` says, as a delivery pipeline with its environments. `cdk.json` runs it."""

from pathlib import Path

from aws_cdk import App, Environment, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from pipeline.pipeline_stack import PipelineStack
from pipeline.tool_versions import ToolVersions
from settings import Settings, load

ROOT = Path(__file__).parent


def add_pipeline(app: App, settings: Settings) -> PipelineStack:
    """Return the pipeline's stack, which holds everything the app deploys."""
    stack = PipelineStack(
        app,
        "yawl-delivery",
        settings=settings,
        tool_versions=ToolVersions.read(ROOT / "package.json"),
        env=Environment(account=settings.pipeline.account, region=settings.pipeline.region),
    )
    # Each environment's own value is nearer to its resources and wins there.
    Tags.of(stack).add("Environment", "delivery")
    return stack


def main() -> None:
    """Synthesize the pipeline that `delivery.toml` describes; what the rule pack finds fails the synthesis."""
    app = App()
    add_pipeline(app, load(ROOT / "delivery.toml"))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
