"""The table `[compliance]`."""

from collections.abc import Iterator
from itertools import combinations
from typing import Annotated

from settings.sections.base import Section, rule
from settings.validation.constraints import one_of
from settings.validation.messages import Mistake

STANDARDS = ("nist-800-53-r5", "pci-dss-3.2.1", "hipaa-security")
"""The standards for which cdk-nag 3 has rule packs. Its pack of AWS's own rules always runs."""

Standard = Annotated[str, one_of(STANDARDS)]


class ComplianceSettings(Section):
    """The compliance standards that every synthesis checks the templates against."""

    standards: list[Standard] = list(STANDARDS)
    """A finding of their rule packs that is not acknowledged fails the synthesis. The list may be empty."""

    @property
    def tag(self) -> str:
        """The value of the tag `Compliance`: the standards that the resource was checked against."""
        return "+".join(self.standards) or "none"

    @rule
    def _each_once(self) -> Iterator[Mistake]:
        for (_, one), (index, other) in combinations(enumerate(self.standards), 2):
            if one == other:
                yield Mistake(("standards", index), "is listed twice; remove it")
