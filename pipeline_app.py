"""The CDK app: what `delivery.toml` says, as a delivery pipeline with its environments. `cdk.json` runs it."""

import gc

# Imports leave nothing to collect; looking for it in all that the library brings takes a fifth as long as they do.
gc.disable()

import sys
from pathlib import Path

from aws_cdk import App, Environment, Validations

from pipeline.pipeline_stack import PipelineStack
from pipeline.steps.self_mutation import ACCEPTED_CHANGES
from pipeline.tool_versions import CLI_VERSION, ToolVersions
from settings import Settings, SettingsError, load
from stages.environment_tags import tag_environment

gc.freeze()
gc.enable()

PACKAGE = Path(__file__).with_name("package.json")
"""Where the versions of the CLIs stand."""


def add_pipeline(app: App, settings: Settings) -> PipelineStack:
    """Return the pipeline's stack, which holds everything the app deploys."""
    stack = PipelineStack(
        app,
        "yawl-delivery",
        settings=settings,
        tool_versions=ToolVersions.read(PACKAGE),
        env=Environment(account=settings.pipeline.account, region=settings.pipeline.region),
    )
    # Each environment's own value is nearer to its resources and wins there.
    tag_environment(stack, name="delivery", settings=settings.pipeline.tags, compliance=settings.compliance.tag)
    return stack


def add_rule_packs(app: App, settings: Settings) -> None:
    """Let every synthesis of the app fail on what the rule packs find: AWS's own, and those of the standards."""
    # Here, so that who asks for no packs does not wait half a second for them.
    from cdk_nag import (  # noqa: PLC0415
        AwsSolutionsChecks,
        HIPAASecurityChecks,
        NIST80053R5Checks,
        PCIDSS321Checks,
    )

    packs = {
        "nist-800-53-r5": NIST80053R5Checks,
        "pci-dss-3.2.1": PCIDSS321Checks,
        "hipaa-security": HIPAASecurityChecks,
    }
    standards = [packs[standard](app) for standard in settings.compliance.standards]
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), *standards)


def add_execution_policies(assembly: Path, settings: Settings) -> None:
    """Put what CloudFormation needs beside the templates, where the reviews find it; exit where it cannot be said."""
    from cloud_assembly import UserError  # noqa: PLC0415
    from execution_policies.generate import write  # noqa: PLC0415

    try:
        write(assembly, further_actions=settings.pipeline.execution_actions)
    except UserError as error:
        print(f"synth: {error}", file=sys.stderr)
        sys.exit(1)


def main() -> None:
    """Synthesize the pipeline that `delivery.toml` describes, under every rule pack it asks for."""
    try:
        settings = load(Path("delivery.toml"))
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    for warning in settings.warnings():
        print(f"warning: delivery.toml: {warning}", file=sys.stderr)
    # Traces of a Python app end inside the library, and nobody reads the tree: a fifth of what every action is handed.
    app = App(stack_traces=False, tree_metadata=False)
    add_pipeline(app, settings)
    add_rule_packs(app, settings)
    app.synth()
    if settings.pipeline.has_least_privilege:
        add_execution_policies(Path(app.outdir), settings)
    # Beside the templates, for the build in which the deployed pipeline updates itself from this assembly.
    Path(app.outdir, ACCEPTED_CHANGES).write_text("".join(f"{name}\n" for name in settings.pipeline.accepted_changes))
    Path(app.outdir, CLI_VERSION).write_text(f"{ToolVersions.read(PACKAGE).cdk}\n")


if __name__ == "__main__":
    main()
