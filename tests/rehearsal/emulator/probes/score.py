"""Runs all probes and counts those that the emulator answers as AWS does."""

from collections.abc import Iterable
from dataclasses import dataclass

from rehearsal.engine.cloud import Cloud
from tests.rehearsal.emulator.probes import (
    cloudformation,
    ecs,
    iam,
    key_permissions,
    kms,
    lambdas,
    names,
    others,
    permissions,
    rds,
    s3,
)
from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe

AREAS: dict[str, tuple[Probe, ...]] = {
    "CloudFormation": cloudformation.PROBES,
    "Names": names.PROBES,
    "IAM": iam.PROBES,
    "Permissions": permissions.PROBES,
    "KMS": kms.PROBES,
    "Permissions for keys": key_permissions.PROBES,
    "RDS": rds.PROBES,
    "S3": s3.PROBES,
    "Lambda": lambdas.PROBES,
    "ECS": ecs.PROBES,
    "Other services": others.PROBES,
}
LEAST = 0.95
"""The share of probes that must pass."""


@dataclass(frozen=True)
class Asked:
    """A probe and the emulator's answer."""

    area: str
    probe: Probe
    answer: Answer

    @property
    def passed(self) -> bool:
        """Whether the answer is AWS's."""
        return self.probe.passes(self.answer)

    def __str__(self) -> str:
        wanted = f"refused: {self.probe.refused}" if self.probe.refused else "accepted"
        found = "accepted" if self.answer.accepted else f"refused: {self.answer.words}"
        return f"{self.area}: {self.probe.name}\n    AWS: {wanted}\n    emulator: {found}"


def ask_all(cloud: Cloud) -> list[Asked]:
    """Run every probe, each in its own accounts."""
    return [Asked(area, probe, probe.ask(Bench(cloud))) for area, probes in AREAS.items() for probe in probes]


def share(asked: Iterable[Asked]) -> float:
    """Return the share that passed."""
    results = [one.passed for one in asked]
    return sum(results) / len(results)


def table(asked: list[Asked]) -> str:
    """Return the results as Markdown."""
    passed = sum(one.passed for one in asked)
    lines = [
        "# What the emulator answers as AWS does",
        "",
        "Written by `make probes`. Each row is a request whose answer AWS documents; the emulator is asked the same.",
        "",
        f"**{passed} of {len(asked)} answers are AWS's ({passed / len(asked):.1%}).**",
    ]
    for area in AREAS:
        lines += ["", f"## {area}", "", "| request | AWS | emulator | source |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {one.probe.name} | {'refuses' if one.probe.refused else 'accepts'} | "
            f"{'the same' if one.passed else '**differs**'} | {one.probe.source} |"
            for one in asked
            if one.area == area
        ]
    return "\n".join(lines) + "\n"
