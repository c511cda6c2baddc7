"""Lists in tests that a change of the project must extend, and the one line that says so."""

from collections.abc import Iterable

import pytest


def assert_complete(found: Iterable[str], listed: Iterable[str], *, where: str) -> None:
    """Fail if a list lacks something that exists, or has something that does not; name both and where it is."""
    found, listed = set(found), set(listed)
    missing, left = sorted(found - listed), sorted(listed - found)
    output = [f"add to {where}: {', '.join(missing)}"] if missing else []
    output += [f"remove from {where}: {', '.join(left)}"] if left else []
    if output:
        pytest.fail("; ".join(output), pytrace=False)
