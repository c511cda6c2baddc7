"""Review what a release changes in one environment: `python -m jobs.change_review --help`."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from cloud_assembly import UserError
from jobs.change_review.pipeline_run import PipelineRun
from jobs.change_review.report import as_html, as_markdown, as_text
from jobs.change_review.review import Review, review


def main() -> int:
    """Review, write the report, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.change_review",
        description="Compare an environment's deployed stacks with those of a release.",
        epilog="Exit codes: 0 the release can proceed; 1 a finding stops it; 2 bad input, or something cannot be read.",
    )
    parser.add_argument("--environment", required=True, help="the environment's name in delivery.toml")
    parser.add_argument(
        "--stage",
        required=True,
        type=Path,
        action="append",
        help="folder of the stage's assembly in cdk.out; repeat for each region of the environment",
    )
    parser.add_argument(
        "--last-stack",
        default=[],
        action="append",
        help="the stack that is deployed last in a stage; until it exists, the stage counts as a first deployment, "
        "whose permissions are not findings; repeat for each stage",
    )
    parser.add_argument(
        "--removed-environments",
        action="store_true",
        help="also look for stacks of environments that the assembly does not contain",
    )
    parser.add_argument(
        "--settings", type=Path, default=Path("delivery.toml"), help="file with the accepted changes (delivery.toml)"
    )
    parser.add_argument("--output", type=Path, default=Path("report"), help="folder for the report (report)")
    options = parser.parse_args()
    try:
        run = PipelineRun.read(os.environ)
        others_in_progress = run.others_in_progress() if run else ()
        found = review(
            options.environment,
            stages=options.stage,
            last_stacks=frozenset(options.last_stack),
            settings=options.settings,
            removed_environments=options.removed_environments,
        )
        found = replace(found, others_in_progress=others_in_progress)
        write(found, options.output, run)
    except UserError as error:
        print(f"change review: {error}", file=sys.stderr)
        return 2
    print(as_text(found))
    return 1 if found.stopping else 0


def write(found: Review, folder: Path, run: PipelineRun | None) -> None:
    """Write the review and the files that a build exports as variables; in a pipeline, also store it for approvers."""
    folder.mkdir(parents=True, exist_ok=True)
    commit = run.commit if run else ""
    markdown, page = folder / "change-review.md", folder / "change-review.html"
    markdown.write_text(as_markdown(found, commit=commit))
    page.write_text(as_html(found, commit=commit))
    (folder / "change-review.txt").write_text(found.summary() + "\n")
    if run:
        (folder / "title.txt").write_text(run.title() + "\n")
        address = run.publish(found.environment, {"text/html; charset=utf-8": page, "text/markdown": markdown})
        (folder / "address.txt").write_text(address + "\n")


if __name__ == "__main__":
    sys.exit(main())
