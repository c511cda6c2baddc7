"""The table `[compliance]`."""

from collections.abc import Iterator
from itertools import combinations
from typing import Annotated

from settings.sections.base import Mistake, Section, rule
from settings.validation.constraints import OneOf

STANDARDS = ("nist-800-53-r5", "pci-dss-3.2.1", "hipaa-security")
"""The standards that cdk-nag 3 has rule packs for, besides AWS's own rules, which always hold."""

Standard = Annotated[str, OneOf(STANDARDS)]


class ComplianceSettings(Section):
    """Which standards every synthesis holds the templates to."""

    standards: list[Standard] = list(STANDARDS)
    """Their rule packs fail a synthesis on any finding that is not acknowledged; none is needed to deliver."""

    @property
    def tag(self) -> str:
        """The value of the tag `Compliance`: the standards whose rules the resource was held to."""
        return "+".join(self.standards) or "none"

    @rule
    def _each_once(self) -> Iterator[Mistake]:
        for (_, one), (index, other) in combinations(enumerate(self.standards), 2):
            if one == other:
                yield Mistake(("standards", index), "is named twice")
