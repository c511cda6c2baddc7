"""Replaces itself with a program that dies with the supervisor: `die_with_parent.py PARENT COMMAND…`.

Run as a file, not as a module, so that it starts quickly. The program keeps the process id.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask Linux for SIGKILL at the parent's death, check that the parent is still alive, and run the command."""
    parent, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(parent):
        sys.exit("the supervisor has exited")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
