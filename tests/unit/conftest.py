"""What unit tests share."""

import tempfile
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from settings import Settings
from tests.unit import one_environment
from tests.unit.built_image import path_without_docker
from tests.unit.one_environment import OneEnvironment
from tests.unit.other_settings import Synthesized, elsewhere, skip_with_example_only, small, synthesize

if TYPE_CHECKING:
    from aws_cdk.assertions import Template
    from aws_cdk.cx_api import CloudAssembly


@pytest.fixture(scope="session")
def app_elsewhere(
    request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Synthesized:
    """Synthesize the app of dev and prod with other settings, where there is no Docker."""
    skip_with_example_only(request)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_without_docker(tmp_path_factory.mktemp("bin")))
        return synthesize(elsewhere(settings), tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="session")
def small_app(
    request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Synthesized:
    """Synthesize the app of dev with other settings."""
    skip_with_example_only(request)
    return synthesize(small(settings), tmp_path_factory.mktemp("small"))


@pytest.fixture
def app(request: pytest.FixtureRequest, assembly: "CloudAssembly") -> Synthesized:
    """Look up an app, one of `other_settings.APPS`, by its name."""
    return (
        Synthesized(Path(assembly.directory)) if request.param == "example" else request.getfixturevalue(request.param)
    )


@pytest.fixture(scope="session")
def prod_with_more() -> OneEnvironment:
    """Synthesize prod with everything that it may have besides; in the Synth action too, because it takes a second."""
    return one_environment.prod_with_more()


@pytest.fixture(scope="session")
def prod_with_less(request: pytest.FixtureRequest) -> OneEnvironment:
    """Synthesize prod without whatever it may do without."""
    skip_with_example_only(request)
    return one_environment.prod_with_less()


@pytest.fixture(scope="session")
def prod_abroad(request: pytest.FixtureRequest) -> OneEnvironment:
    """Synthesize prod in another region than the edge's."""
    skip_with_example_only(request)
    return one_environment.prod_abroad()


@pytest.fixture
def prod(request: pytest.FixtureRequest, template: "Callable[[str, str], Template]") -> OneEnvironment:
    """Look up prod's templates: the `example`'s, or those of the fixture that the test names instead."""
    return partial(template, "prod") if request.param == "example" else request.getfixturevalue(request.param)


@pytest.fixture
def task_folder() -> Generator[Path, None, None]:
    """A folder with a short path, wherever temporary files are kept: a task has sockets in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)
