"""Review what a release changes in one environment: `python -m jobs.change_review --help`."""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from cloud_assembly import UserError
from jobs.change_review.approval.exercised import changes_of
from jobs.change_review.approval.page import as_html, highest_risk, ranked
from jobs.change_review.approval.release import Release, read
from jobs.change_review.pipeline_run import PipelineRun
from jobs.change_review.report import as_text
from jobs.change_review.review import Review, review

LONGEST_CHANGES = 250
"""Characters of the summary, which is part of the approval's comment."""


def main() -> int:
    """Review, write the report, and return the exit code."""
    options = _parse()
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
        release = (
            read(found, run, assembly=options.stage[0].parent, earlier=options.earlier) if run is not None else None
        )
        options.output.mkdir(parents=True, exist_ok=True)
        page = as_html(found, release)
        (options.output / "change-review.html").write_text(page, encoding="utf-8")
        (options.output / "change-review.txt").write_text(found.summary(most=LONGEST_CHANGES) + "\n", encoding="utf-8")
        if run is not None and release is not None:
            address = export(found, release, page, run, options.output)
            print(f"{found.environment} runs now: {release.runs()}\nThis release: {release.commit} {release.title}")
            # Also for the mail about a release that this review stops: a failed build exports no variables.
            print(f"Review: {address}\n")
    except UserError as error:
        print(f"change review: {error}", file=sys.stderr)
        return 2
    print(as_text(found))
    return 1 if found.stopping else 0


def _parse() -> argparse.Namespace:
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
    parser.add_argument(
        "--earlier",
        default=[],
        action="append",
        help="an environment that receives each release before this one, to say what was exercised there; repeat for "
        "each",
    )
    parser.add_argument("--output", type=Path, default=Path("report"), help="folder for the report (report)")
    return parser.parse_args()


def export(found: Review, release: Release, page: str, run: PipelineRun, folder: Path) -> str:
    """Store the review for approvers and later environments, and write what the build exports; return its address."""
    data = {
        "environment": found.environment,
        "execution": release.execution,
        "commit": release.commit,
        "replaces": [one.commit for one in release.deployed],
        "summary": found.summary(),
        "stacks": changes_of(found),
    }
    address = run.publish(found.environment, {".html": page, ".json": json.dumps(data)})
    variables = {
        "title": release.title,
        "address": address,
        "runs": release.runs(),
        "risk": highest_risk(ranked(found, release)),
        # A variable has one line. The notification function reads this one, and no action's configuration contains it.
        "commits": json.dumps(release.mailed()),
    }
    for name, value in variables.items():
        (folder / f"{name}.txt").write_text(value + "\n", encoding="utf-8")
    return address


if __name__ == "__main__":
    sys.exit(main())
