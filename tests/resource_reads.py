"""Writes `stacks/monitoring/resource_reads.py`: `python -m tests.resource_reads [TYPE …]`.

It covers the types in that module and those given, so that synthesis needs no schemas.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from stacks.monitoring import resource_reads
from tests.provider_schemas import read_permissions

HEAD = '''"""The permissions that CloudFormation needs to read a resource, by resource type.

Written by `python -m tests.resource_reads` from the read handlers of the provider schemas that cfn-lint ships: do not
edit. A type without an entry is one that CloudFormation cannot read by itself.
"""

from collections.abc import Mapping
from typing import Final

READS: Final[Mapping[str, tuple[str, ...]]] = '''


def reads_of(types: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the read permissions of the types that have any."""
    return {name: actions for name in sorted(set(types)) if (actions := read_permissions(name))}


if __name__ == "__main__":
    file = Path(resource_reads.__file__)
    file.write_text(f"{HEAD}{reads_of([*resource_reads.READS, *sys.argv[1:]])!r}\n")
    subprocess.run(["ruff", "format", "--quiet", file], check=True)
