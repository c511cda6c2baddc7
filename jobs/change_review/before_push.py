"""Prints, before a push, what its reviews will ask to have accepted: `python -m jobs.change_review.before_push --help`.

It runs the reviews of the pipeline one after the other, and the pipeline's comparison of its own permissions, against
what is deployed now.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cloud_assembly import REVIEWS, UserError, read
from jobs.change_review.accepted_changes import entry, entry_for, pipeline_acceptances
from jobs.change_review.deployed_stacks import Reader
from jobs.change_review.findings import Finding
from jobs.change_review.moved_pipeline import GUIDE, former_place
from jobs.change_review.review import Review, counted, review

PLACEHOLDER: Final = "…"
"""A reason that the settings reject: whoever accepts a change must say why."""
_NOT_ASSUMED: Final = re.compile(r"(arn:\S+:role/[\w+=,.@/-]+).*\bProceeding ")
"""In the CLI's words about a role that it could not assume: "Proceeding with default credentials", or "anyway"."""
_CANNOT: Final = "# It cannot be accepted:"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the acceptances as TOML on standard output, everything else on standard error; return the exit code."""
    options = _parse(arguments)
    try:
        blocks = list(_blocks(options.assembly, options.settings, options.reason))
    except UserError as error:
        print(f"review: {error}", file=sys.stderr)
        return 2
    if not blocks:
        print("review: no change needs to be accepted", file=sys.stderr)
        return 0
    print("\n\n".join(blocks))
    impossible = sum(_CANNOT in block for block in blocks)
    print(f"review: {_advice(len(blocks) - impossible, impossible, options.settings)}", file=sys.stderr)
    return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m jobs.change_review.before_push",
        description="Compare all environments and the pipeline with what is deployed, and print what the pipeline will "
        "ask to have accepted, as TOML. Nothing is changed. Credentials: of the pipeline's account, with permission to "
        "assume the CDK's lookup roles, which may only read.",
        epilog="Exit codes: 0 nothing to accept; 1 something is printed; 2 bad input, or something cannot be read.",
    )
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (cdk.out)")
    parser.add_argument(
        "--settings", type=Path, default=Path("delivery.toml"), help="file with the accepted changes (delivery.toml)"
    )
    parser.add_argument(
        "--reason", default=PLACEHOLDER, help="the reason to write into every table (…, to be filled in by hand)"
    )
    return parser.parse_args(arguments)


def _blocks(assembly: Path, settings: Path, reason: str) -> Iterator[str]:
    """Yield a table for each change that is not accepted yet, or a comment where that is impossible."""
    whole = read(assembly)
    if former := former_place(whole, Reader()):
        yield "\n".join(
            [
                f"# {whole.pipeline.name} is in {former}, and delivery.toml has it in {whole.home}:",
                "# a push does not move a pipeline, it would create a second one.",
                _CANNOT,
                f"#   set pipeline.account and pipeline.region back, or follow {GUIDE}",
            ]
        )
    else:
        yield from _of_the_pipeline(assembly, settings, reason)
    for one in _reviews(assembly):
        environment = one["environment"]
        print(f"review: comparing {environment}", file=sys.stderr, flush=True)
        found = review(
            environment,
            stages=[assembly / stage for stage in one["stages"]],
            last_stacks=frozenset(one["last_stacks"]),
            settings=settings,
            removed_environments=one["removed_environments"],
        )
        print(f"review: {found.summary()}", file=sys.stderr, flush=True)
        yield from (_block(finding, found, reason) for finding in found.stopping)


def _block(finding: Finding, found: Review, reason: str) -> str:
    comment = [f"# {line}" for line in (f"{finding.stack}: {finding.title}", *finding.details)]
    if finding.command:
        return "\n".join([*comment, _CANNOT, f"#   run {finding.command}"])
    if finding.impossible:
        return "\n".join([*comment, _CANNOT, "#   AWS would reject it, so change the release"])
    return "\n".join([*comment, entry_for(finding, found.environment, reason=reason)])


def _advice(acceptable: int, impossible: int, settings: Path) -> str:
    """Return what to do about the printed blocks."""
    refused = f"{counted(impossible, 'change')} that cannot be accepted: follow the comments above first"
    if not acceptable:
        return refused
    tables = f"add the tables above to {settings}, each with its reason, and push"
    return f"{counted(acceptable, 'change')} to accept: {tables}" + (f"; {refused}" if impossible else "")


def _reviews(assembly: Path) -> list[dict[str, Any]]:
    try:
        return json.loads((assembly / REVIEWS).read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"{assembly / REVIEWS} cannot be read: {error}; synthesize again: make assembly") from None


def _of_the_pipeline(assembly: Path, settings: Path, reason: str) -> Iterator[str]:
    """Yield the table that accepts broader permissions of the pipeline itself.

    The comparison and its fingerprint are those of self-mutation (pipeline/steps/self_mutation.py).
    """
    name = read(assembly).pipeline.name
    print(f"review: comparing {name}", file=sys.stderr, flush=True)
    command = ["cdk", "-a", ".", "diff", name, "--method=template", "--security-only", "--no-color", "--no-notices"]
    compared = _run([*command, "--fail-on", "broadening"], assembly)
    if compared.returncode == 0:
        return
    if _run(command, assembly).returncode != 0:
        last = (compared.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(f"{name} cannot be compared with what is deployed: {last}")
    if roles := dict.fromkeys(_NOT_ASSUMED.findall(compared.stdout)):
        raise UserError(
            f"{name} was compared without {', '.join(roles)}, so the fingerprint would differ from the pipeline's: use "
            "credentials that may assume it; if its account and region are not bootstrapped yet, run `make bootstrap`"
        )
    change = hashlib.sha256(compared.stdout.encode()).hexdigest()[:12]
    if change not in pipeline_acceptances(settings):
        lines = [f"# {line}" for line in compared.stdout.splitlines() if line.strip()]
        yield "\n".join(["# The pipeline's own permissions grow:", *lines, entry("pipeline", change, reason=reason)])


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    except FileNotFoundError:
        raise UserError("the CDK CLI is not on the PATH; run `make review`, which installs it") from None


if __name__ == "__main__":
    sys.exit(main())
