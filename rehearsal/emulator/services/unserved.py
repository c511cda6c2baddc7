"""What was called and cannot answer here, such as a load balancer without a workload or a function of Java."""

from rehearsal.gaps import Gap, GapKind

gaps: list[Gap] = []
"""What was called, once each; load balancers are listed whether they were called or not."""
requests: list[tuple[GapKind, str]] = []
"""Why each request got no real answer: if a build fails after one, this says nothing about the release."""


def add(gap: Gap) -> None:
    """Add a gap once."""
    if gap not in gaps:
        gaps.append(gap)
