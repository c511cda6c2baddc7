"""CodeBuild's commands that give each build of a `build-fanout` batch its part of the test files.

`codebuild-tests-run` and `codebuild-glob-search` ("Execute parallel tests in batch builds", CodeBuild User Guide). Both
run inside builds, so that this imports nothing but the standard library.
"""

import argparse
import os
import shlex
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

SHARD, SHARDS = "CODEBUILD_CURRENT_SHARD", "CODEBUILD_TOTAL_SHARDS"
"""The variables with the number of a build, from 0, and with how many builds there are."""
FILES = "CODEBUILD_CURRENT_SHARD_FILES"
"""The variable with the build's test files, one a line."""
STABILITY = "stability"


def run_tests(arguments: Sequence[str]) -> int:
    """Run the test command with the build's part of the test files; return its exit status."""
    parser = argparse.ArgumentParser("codebuild-tests-run")
    parser.add_argument("--test-command", required=True)
    parser.add_argument("--files-search", required=True)
    parser.add_argument("--sharding-strategy", choices=("equal-distribution", STABILITY), default="equal-distribution")
    options = parser.parse_args(arguments)
    search = subprocess.run(["/bin/sh", "-c", options.files_search], stdout=subprocess.PIPE, text=True, check=False)
    if search.returncode:
        print(f"codebuild-tests-run: the files search failed: {options.files_search}", file=sys.stderr)
        return search.returncode
    found = [line.strip() for line in search.stdout.splitlines() if line.strip()]
    # Outside of a batch, one build runs all tests.
    shard, shards = int(os.environ.get(SHARD, "0")), int(os.environ.get(SHARDS, "1"))
    files = part(found, shard, shards, options.sharding_strategy)
    print(f"codebuild-tests-run: {len(files)} of {len(found)} test files in build {shard + 1} of {shards}", flush=True)
    if not files:
        return 0
    command = f"{options.test_command} {shlex.join(files)}"
    variables = {**os.environ, FILES: "\n".join(files)}
    return subprocess.run(["/bin/sh", "-c", command], env=variables, check=False).returncode


def part(files: Sequence[str], shard: int, shards: int, strategy: str) -> list[str]:
    """Return the files of one build: by a hash of the name, or neighbours in the order of their names."""
    ordered = sorted(set(files))
    if strategy == STABILITY:
        # CodeBuild's hash is not documented.
        return [file for file in ordered if zlib.crc32(file.encode()) % shards == shard]
    least, more = divmod(len(ordered), shards)
    first = shard * least + min(shard, more)
    return ordered[first : first + least + (shard < more)]


def search_files(patterns: Sequence[str]) -> int:
    """Print the files that match the patterns, one a line."""
    found = {str(file) for pattern in patterns for file in Path().glob(pattern) if file.is_file()}
    print("\n".join(sorted(found)))
    return 0
