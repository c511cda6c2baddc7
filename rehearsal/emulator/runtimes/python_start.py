"""Runs in every Python function before its own code: Lambda's libraries and the files of its layers.

Its constants are filled in by `modules.py`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIBRARIES = ""
"""The folder with what Lambda's Python provides: boto3 and what it needs."""
PROGRAMS = ""
"""The folder with the AWS CLI."""


def _prepare() -> None:
    import os  # noqa: PLC0415 - the function's code follows in this module, so no name may remain
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    # The rehearsal's own libraries would hide that a function was deployed without them.
    own = [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]
    sys.path[:] = [folder for folder in sys.path if folder not in own] + [LIBRARIES]
    layers = [folder for folder in os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if folder]
    os.environ["PATH"] = os.pathsep.join([*(f"{folder}/bin" for folder in layers), os.environ["PATH"]])

    def here(program: Any) -> Any:
        """Return where a program of a layer is on this machine: Lambda has layers in /opt."""
        if not isinstance(program, str) or not program.startswith("/opt/"):
            return program
        if program == "/opt/awscli/aws":
            return f"{PROGRAMS}/aws"
        found = (f"{folder}/{program.removeprefix('/opt/')}" for folder in layers)
        return next((path for path in found if os.path.exists(path)), program)  # noqa: PTH110 - as in the standard library

    class Popen(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, args: Any, *more: Any, **named: Any) -> None:
            if isinstance(args, (list, tuple)) and args:
                args = [here(args[0]), *args[1:]]
            elif isinstance(args, str):
                program, *rest = args.split(" ", 1)
                args = " ".join([here(program), *rest])
            super().__init__(args, *more, **named)

    subprocess.Popen = Popen  # type: ignore[misc]


_prepare()
