"""The CDK app: the delivery pipeline that `delivery.toml` describes. `cdk.json` runs it."""

import gc

# Imports create no garbage; collecting during them would take a fifth of their time again.
gc.disable()

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from aws_cdk import App, Environment, Validations

from cloud_assembly import REVIEWS
from pipeline.build_projects import CLI_VERSION, ToolVersions
from pipeline.moved_pipeline import moves
from pipeline.pipeline_stack import PipelineStack
from pipeline.steps.self_mutation import ACCEPTED_CHANGES
from pipeline.synthesis_limits import oversized, time_limit
from settings import Settings, SettingsError, load
from stages.environment_tags import tag_environment

gc.freeze()
gc.enable()

PIPELINE = "yawl-delivery"
"""The names of the pipeline and of its stack."""

PACKAGE = Path(__file__).with_name("package.json")
"""Pins the versions of the CLIs."""


def add_pipeline(app: App, settings: Settings) -> PipelineStack:
    """Add the pipeline's stack, which holds all stages."""
    stack = PipelineStack(
        app,
        PIPELINE,
        settings=settings,
        tool_versions=ToolVersions.read(PACKAGE),
        env=Environment(account=settings.pipeline.account, region=settings.pipeline.region),
    )
    # Environments override these tags.
    tag_environment(stack, name="delivery", settings=settings.pipeline.tags, compliance=settings.compliance.tag)
    return stack


def add_rule_packs(app: App, settings: Settings) -> None:
    """Fail synthesis on findings of the rule packs: AWS's own, and those of the chosen standards."""
    # Imported here because it takes half a second, which other callers need not wait for.
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
    """Write CloudFormation's policies beside the templates, for the reviews; exit if they cannot be generated."""
    from cloud_assembly import UserError  # noqa: PLC0415
    from execution_policies.generate import write  # noqa: PLC0415

    try:
        write(assembly, further_actions=settings.pipeline.execution_actions)
    except UserError as error:
        print(f"synth: {error}", file=sys.stderr)
        sys.exit(2)


def read_settings(file: Path) -> Settings:
    """Return the settings; raise SettingsError if they are wrong, or if they move the pipeline that builds them."""
    settings = load(file)
    problems = moves(settings.pipeline, PIPELINE, os.environ)
    if settings.pipeline.has_least_privilege:
        from execution_policies.needs import refused_actions  # noqa: PLC0415

        problems += refused_actions(settings.pipeline.execution_actions)
    if problems:
        raise SettingsError([f"{file}: {problem}" for problem in problems])
    return settings


def refuse_exceeded_limits(assembly: Path) -> None:
    """Exit if the assembly exceeds a limit of AWS, which would be an error in the middle of a delivery."""
    from cloud_assembly import read  # noqa: PLC0415
    from cloud_assembly.limits import exceeded  # noqa: PLC0415

    if problems := list(exceeded(read(assembly))):
        print(*(f"delivery.toml: {problem}" for problem in problems), sep="\n", file=sys.stderr)
        sys.exit(2)
    if problem := oversized(assembly):
        print(f"synth: {problem}", file=sys.stderr)
        sys.exit(1)


def main() -> None:
    """Synthesize the pipeline under every rule pack that `delivery.toml` asks for."""
    try:
        settings = read_settings(Path("delivery.toml"))
        for warning in settings.warnings():
            print(f"warning: delivery.toml: {warning}", file=sys.stderr)
        # A Python app's stack traces end inside the library, and nothing reads the tree; both are a fifth of the
        # assembly.
        app = App(stack_traces=False, tree_metadata=False)
        pipeline = add_pipeline(app, settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    add_rule_packs(app, settings)
    with time_limit():
        app.synth()
    # For `make review`, the tools that look at accounts, and the next line, which counts environments.
    Path(app.outdir, REVIEWS).write_text(json.dumps([asdict(one) for one in pipeline.reviews], indent=1) + "\n")
    refuse_exceeded_limits(Path(app.outdir))
    if settings.pipeline.has_least_privilege:
        add_execution_policies(Path(app.outdir), settings)
    # For self-mutation, which runs in the assembly's folder.
    Path(app.outdir, ACCEPTED_CHANGES).write_text("".join(f"{name}\n" for name in settings.pipeline.accepted_changes))
    Path(app.outdir, CLI_VERSION).write_text(f"{ToolVersions.read(PACKAGE).cdk}\n")


if __name__ == "__main__":
    main()
