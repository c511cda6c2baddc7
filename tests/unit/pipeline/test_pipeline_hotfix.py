"""The hotfix path: which bakes an execution with HOTFIX=yes skips."""

import json

import pytest

from pipeline.hotfix import hotfix_skips_bake
from settings import Settings
from tests.unit.pipeline_definition import Pipeline


def test_ordinary_execution_is_no_hotfix(pipeline: Pipeline) -> None:
    [variable] = pipeline.definition["Variables"]
    assert (variable["Name"], variable["DefaultValue"]) == ("HOTFIX", "no")


@pytest.mark.parametrize(("stage", "skips"), [("Dev", True), ("Staging", True), ("Prod", False)])
def test_only_the_bakes_before_prod_read_it(stage: str, skips: bool, pipeline: Pipeline) -> None:
    given = json.dumps(pipeline.action(stage, "Bake")["Configuration"].get("EnvironmentVariables", ""))
    assert ("#{variables.HOTFIX}" in given) is skips


def test_nothing_but_bakes_reads_it(pipeline: Pipeline) -> None:
    reading = {
        action["Name"]
        for actions in pipeline.stages.values()
        for action in actions
        if "variables.HOTFIX" in json.dumps(action["Configuration"])
    }
    assert reading == {"Bake"}


def test_environment_that_somebody_approves_keeps_its_bake(settings: Settings) -> None:
    assert hotfix_skips_bake("staging", settings)
    assert not hotfix_skips_bake("prod", settings)
    approved = settings.environments["staging"].model_copy(update={"approval": True})
    changed = settings.model_copy(update={"environments": {**settings.environments, "staging": approved}})
    assert not hotfix_skips_bake("staging", changed)
    alone = settings.model_copy(update={"environments": {"dev": settings.environments["dev"]}})
    assert not hotfix_skips_bake("dev", alone), "it is the last"
