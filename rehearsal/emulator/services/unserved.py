"""What was called and cannot answer here, such as a load balancer without a workload or a function of Java."""

from contextvars import ContextVar

from rehearsal.gaps import Gap, GapKind

gaps: list[Gap] = []
"""What was called, once each; load balancers are listed whether they were called or not."""
requests: list[dict[str, str]] = []
"""Why each request got no real answer, and its client's address: if that build fails, the release may not be why."""
client: ContextVar[str] = ContextVar("client", default="")
"""The address from which the current request came; each build has its own (`rehearsal/process/closed_network.py`)."""


def add(gap: Gap) -> None:
    """Add a gap once."""
    if gap not in gaps:
        gaps.append(gap)


def note(kind: GapKind, reason: str) -> None:
    """Note why the current request gets no real answer."""
    requests.append({"kind": kind, "reason": reason, "client": client.get()})
