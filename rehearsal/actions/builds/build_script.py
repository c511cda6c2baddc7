"""Turns a buildspec's phases into one shell script that runs them as CodeBuild does."""

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ANY_ERROR = ".*"
RETRIES = 3
"""How often RETRY without a figure repeats a phase."""
OWN_LINE = "\x02"
"""Where a line of the script begins: a program may leave its last line without an end, as `printf` and `curl` do."""


@dataclass(frozen=True)
class Retry:
    """How often a failed phase runs again, and the pattern that its error message must match."""

    times: int = 0
    pattern: str = ANY_ERROR


@dataclass(frozen=True)
class Phase:
    """One phase: commands, and those that run even if they fail."""

    name: str
    commands: tuple[str, ...]
    finally_commands: tuple[str, ...] = ()
    on_failure: str = ""
    """ABORT, CONTINUE, or empty for the phase's default."""
    retry: Retry = Retry()
    run_as: str = ""
    """The user that CodeBuild runs the commands as; empty for root."""


def separated(line: str) -> list[str]:
    """Return a line of the output as it is, or what a program left on it and the script's own line after that."""
    before, mark, own = line.rpartition(OWN_LINE)
    return [before, own] if before and mark else [own]


def gave_up(gaps: Path) -> Path:
    """Return the file that exists once a command has failed for lack of a program."""
    return gaps.with_name(f"{gaps.name}-failed")


def script(
    phases: Sequence[Phase],
    *,
    shell: str,
    exported_to: Path,
    exported: Iterable[str] = (),
    gaps: Path | None = None,
    separate: bool = False,
) -> str:
    """Return one shell script that runs the phases.

    All commands share one shell, which exports what they assign: no page says so, but the library's own builds need it,
    such as that of ConfirmPermissionsBroadening. If `separate` (version 0.1), each has a shell of its own. A failing
    command ends its phase and the build, except that `post_build` still runs after a failed `build`. The last command
    writes the `exported` variables to `exported_to` as NUL-terminated `name=value` pairs. A command that fails after it
    has written to `gaps` did not fail: what it needs is missing on this machine, and the next command runs.
    """
    names = sorted(set(exported))
    keep = f"export {' '.join(names)};" if names else ""
    pairs = " ".join(f'"{name}=${{{name}-}}"' for name in names)
    target = shlex.quote(str(exported_to))
    values = {
        "@OWN_LINE@": OWN_LINE,
        "@SHELL@": shlex.quote(shell),
        "@KEEP@": keep,
        "@GAPS@": shlex.quote(str(gaps or "")),
        "@GAVE_UP@": shlex.quote(str(gave_up(gaps) if gaps else os.devnull)),
        "@EVALUATE@": f'{shlex.quote(shell)} -c "$1"' if separate else 'eval "$1"',
    }
    text = _PROLOGUE
    for mark, value in values.items():
        text = text.replace(mark, value)
    lines, number = [text], 0
    for phase in phases:
        first = number
        lines.append(f"while __enter {phase.name}; do")
        for kind, commands in (("command", phase.commands), ("finally", phase.finally_commands)):
            for command in commands:
                number += 1
                lines.append(f"__run {number} {kind} {shlex.quote(command)}")
        retry = f"{phase.retry.times} {shlex.quote(phase.retry.pattern)}"
        lines += [f"__leave {phase.name} {phase.on_failure or 'STOP'} {first} {retry}", "done"]
    lines.append(f"printf '%s\\0' {pairs} > {target}" if pairs else f": > {target}")
    lines += ["trap - EXIT", "exit $__result"]
    return "\n".join(lines) + "\n"


# A command may end the shell (`exit 3`, `set -e`, a syntax error), but the commands after it must still run. So the
# EXIT trap continues in a new shell in the same process, which keeps the directory and the exported variables. The
# new shell skips the finished commands, which `__done` counts.
_PROLOGUE = """\
__done=0 __result=0 __continue=yes __phase= __command=0 __finally=0 __left= __tries=0 __failed= __gaps=0
if [ $# -gt 0 ]; then
  __done=$1 __result=$2 __continue=$3 __phase=$4 __command=$5 __finally=$6 __left=$7 __tries=$8 __failed=$9
else
  CODEBUILD_BUILD_SUCCEEDING=1
fi
export CODEBUILD_BUILD_SUCCEEDING
trap '__over "$?"; trap - EXIT; @KEEP@
  exec @SHELL@ "$0" "$__done" "$__result" "$__continue" "$__phase" "$__command" "$__finally" "$__left" "$__tries" \\
    "$__failed"' EXIT
trap 'trap - EXIT; exit 143' HUP INT TERM

__enter() {
  if [ "$__phase" = "$1" ]; then return 0; fi
  case " $__left " in *" $1 "*) return 1 ;; esac
  case $__continue in
    yes) ;;
    post_build) if [ "$1" != post_build ]; then return 1; fi ;;
    *) return 1 ;;
  esac
  __phase=$1 __command=0 __finally=0
  printf '@OWN_LINE@%s\\n' "-- phase $1"
}

__run() {
  if [ "$1" -le "$__done" ]; then return 0; fi
  __number=$1 __kind=$2
  if [ -z "$__phase" ] || [ "$__finally" != 0 ]; then __done=$1; return 0; fi
  if [ "$__kind" = command ] && [ "$__command" != 0 ]; then __done=$1; return 0; fi
  printf '@OWN_LINE@$ %s\\n' "$3"
  __text=$3 __gaps=$(__count_gaps)
  __evaluate "$3"
  __over $?
}

__evaluate() {
  set -a
  @EVALUATE@
}

__count_gaps() {
  if [ -f @GAPS@ ]; then wc -l < @GAPS@; else echo 0; fi
}

__over() {
  set +a
  __status=$1
  if [ "$__status" != 0 ] && [ "$(__count_gaps)" != "$__gaps" ]; then
    __status=0
    # Not after a failure, which no lack of a program has caused.
    if [ "$__result$__command" = 00 ]; then : > @GAVE_UP@; fi
  fi
  if [ "$__status" != 0 ]; then
    __failed="Error while executing command: $__text. Reason: exit status $__status"
  fi
  if [ "$__kind" = command ]; then __command=$__status; else __finally=$__status; fi
  __done=$__number
}

__leave() {
  if [ "$__phase" != "$1" ]; then return 0; fi
  if [ "$__command" = 0 ]; then __command=$__finally; fi
  if [ "$__command" != 0 ]; then
    printf '@OWN_LINE@%s\\n' "phase $1 failed with exit status $__command"
    if [ "$__tries" -lt "$4" ] && printf '%s\\n' "$__failed" | grep -Eq -e "$5"; then
      __tries=$((__tries + 1)) __phase= __done=$3
      printf '@OWN_LINE@%s\\n' "phase $1 again, $__tries of $4"
      return 0
    fi
  fi
  __phase= __left="$__left $1" __tries=0
  if [ "$__command" = 0 ]; then return 0; fi
  __result=1 CODEBUILD_BUILD_SUCCEEDING=0
  case $2/$1 in
    CONTINUE/*) ;;
    STOP/build) __continue=post_build ;;
    *) __continue=no ;;
  esac
}
"""
