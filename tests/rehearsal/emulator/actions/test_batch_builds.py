"""Batches of builds: each of their builds runs, and their artifacts become the action's."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal.actions import build
from rehearsal.actions.run import ActionFailed, Outcome
from tests.rehearsal.emulator.action_runner import Workshop
from tests.rehearsal.emulator.conftest import resource

PHASES = {"build": {"commands": ["echo $CODEBUILD_BATCH_BUILD_IDENTIFIER > out.txt", "cp out.txt $NAME", "SEEN=$NAME"]}}
ARTIFACTS = {"files": ["out.txt"], "secondary-artifacts": {"own": {"files": ["$NAME"]}}}
LIST = [{"identifier": name, "env": {"variables": {"NAME": f"{name}.txt"}}} for name in ("one", "two")]


@dataclass
class Batches:
    """Runs batches of a deployed project."""

    workshop: Workshop

    def run(
        self,
        batch: dict[str, Any],
        *outputs: str,
        phases: dict[str, Any] = PHASES,
        most: int = 10,
        has_batches: bool = True,
        **configuration: str,
    ) -> Outcome:
        role = self.workshop.role(self.workshop.home, "build")
        env = {"exported-variables": ["SEEN"]}
        document = {"version": "0.2", "env": env, "phases": phases, "artifacts": ARTIFACTS, "batch": batch}
        settings = {"ServiceRole": role, "Restrictions": {"MaximumBuildsAllowed": most}}
        self.workshop.artifact("Source", message__txt="from the source")
        self.workshop.home.deploy(
            Project=resource(
                "AWS::CodeBuild::Project",
                Name="project",
                ServiceRole=role,
                Source={"Type": "CODEPIPELINE", "BuildSpec": json.dumps(document)},
                Artifacts={"Type": "CODEPIPELINE"},
                Environment={
                    "Type": "LINUX_CONTAINER",
                    "Image": "aws/codebuild/standard:7.0",
                    "ComputeType": "BUILD_GENERAL1_SMALL",
                },
                **({"BuildBatchConfig": settings} if has_batches else {}),
            )
        )
        settings = {"ProjectName": "project", "BatchEnabled": "true", **configuration}
        return self.workshop.run(build.execute, settings, inputs=("Source",), outputs=outputs)


@pytest.fixture
def batches(workshop: Workshop) -> Batches:
    return Batches(workshop)


def test_artifacts_are_named_for_their_builds(batches: Batches) -> None:
    outcome = batches.run({"build-list": LIST}, "one", "two", "two_own")
    read = batches.workshop.artifacts.read
    assert [read(name) for name in ("one::out.txt", "two::out.txt", "two_own::two.txt")] == ["one\n", "two\n", "two\n"]
    assert outcome.variables["SEEN"] in ("one.txt", "two.txt")


def test_combined_artifacts_have_the_files_of_all_builds(batches: Batches) -> None:
    batches.run({"build-list": LIST}, "All", CombineArtifacts="true")
    read = batches.workshop.artifacts.read
    assert [read(f"All::{name}") for name in ("one.txt", "two.txt", "out.txt")] == ["one\n", "two\n", "one\n"]
    assert any("out.txt of two is left out" in line for line in batches.workshop.log)


SPLIT = """codebuild-tests-run \\
  --files-search "codebuild-glob-search 'specs/**/*.txt'" \\
  --test-command 'printenv CODEBUILD_CURRENT_SHARD_FILES; cat' > out.txt"""
SPECS = "mkdir -p specs/a && for n in 1 2 3; do echo spec $n > specs/a/$n.txt; done"
DISTRIBUTED = {"build": {"commands": [SPECS, SPLIT, "NAME=own.txt && cp out.txt $NAME"]}}


def test_fanout_distributes_test_files_over_its_builds(batches: Batches) -> None:
    batches.run({"build-fanout": {"parallelism": 2}}, "build0", "build1", phases=DISTRIBUTED)
    read = batches.workshop.artifacts.read
    assert read("build0::out.txt").splitlines()[1:] == ["specs/a/1.txt", "specs/a/2.txt", "spec 1", "spec 2"]
    assert read("build1::out.txt").splitlines()[1:] == ["specs/a/3.txt", "spec 3"]


def test_failed_test_of_a_fanout_fails_the_batch(batches: Batches) -> None:
    failing = {"build": {"commands": [SPECS, SPLIT.replace("cat'", "grep 3'")]}}
    with pytest.raises(ActionFailed, match="build0: "):
        batches.run({"build-fanout": {"parallelism": 2}}, phases=failing)


FAILING = {"build": {"commands": ["test $CODEBUILD_BATCH_BUILD_IDENTIFIER != one"]}}


def test_failed_build_fails_the_batch_and_stops_what_depends_on_it(batches: Batches) -> None:
    graph = {"build-graph": [{"identifier": "one"}, {"identifier": "two", "depend-on": ["one"]}]}
    with pytest.raises(ActionFailed, match="one: phase build failed"):
        batches.run(graph, phases=FAILING)
    assert not any(line.startswith("two: ") for line in batches.workshop.log)


def test_failure_of_a_build_can_be_ignored(batches: Batches) -> None:
    batches.run({"build-list": [{"identifier": "one", "ignore-failure": True}]}, phases=FAILING)
    assert any(line.startswith("one failed, which the batch ignores") for line in batches.workshop.log)


REFUSED: list[tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = [
    ({"build-list": LIST}, {"most": 1}, ActionFailed, "the batch has 2 builds, but its project allows 1"),
    ({"build-list": LIST}, {"has_batches": False}, ActionFailed, "project project has no batch configuration"),
    ({"build-fanout": {"parallelism": 0}}, {}, ActionFailed, "batch build-fanout needs parallelism"),
    ({"build-list": [{"buildspec": "a"}]}, {}, ActionFailed, "has no identifier"),
]


@pytest.mark.parametrize(("batch", "rest", "kind", "reason"), REFUSED, ids=[row[3] for row in REFUSED])
def test_batch_that_cannot_run_is_reported(
    batches: Batches, batch: dict[str, Any], rest: dict[str, Any], kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        batches.run(batch, **rest)


def test_missing_artifact_is_reported(batches: Batches) -> None:
    with pytest.raises(ActionFailed, match="no build of the batch gives the artifact lost; they give one, one_own"):
        batches.run({"build-list": LIST[:1]}, "lost")
