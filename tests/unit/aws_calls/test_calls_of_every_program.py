"""Every program that calls AWS has a table of what it makes of the answers."""

import re
from typing import Final

from tests.aws_calls import calls_in, sources
from tests.paths import ROOT

WITH_TABLES: Final = (
    "integration_tests/",
    "jobs/assumed_role.py",
    "jobs/bake/",
    "jobs/change_review/",
    "lambdas/",
    # Their tables are in `tests/tools`, but for that of the releases.
    "tools/accounts/",
    "tools/database_access/",
    "tools/delivery/",
    "tools/prices/",
    "tools/releases/",
)
WITHOUT_CALLS: Final = ("jobs/aws_errors.py",)
"""Only reads errors."""
PROGRAMS: Final = ("cloud_assembly", "container", "execution_policies", "integration_tests", "jobs", "lambdas", "tools")


def test_every_program_that_calls_aws_has_a_table() -> None:
    uses = re.compile(r"^(import|from) boto(3|core)\b", re.MULTILINE)
    found = {file for file in sources(*PROGRAMS) if uses.search((ROOT / file).read_text())}
    assert sorted(file for file in found if not file.startswith((*WITH_TABLES, *WITHOUT_CALLS))) == []


def test_the_container_calls_nothing() -> None:
    assert calls_in(sources("container")) == set()
