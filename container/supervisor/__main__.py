"""Starts a task: `python -m supervisor`. container/README.md lists the exit codes."""

import asyncio
import os
import sys
import traceback

from supervisor.log import Journal, start_log
from supervisor.masking import Secrets
from supervisor.task import Exit, Task
from supervisor.variables import Variables, VariablesError, read_variables


def main() -> None:
    """Read the variables, run the task, exit with its code."""
    try:
        variables = read_variables(os.environ)
    except VariablesError as error:
        log = start_log(level="INFO", task="", secrets=Secrets())
        for mistake in str(error).splitlines():
            Journal("variables").error(mistake)
        log.stop()
        sys.exit(Exit.VARIABLES)
    secrets = Secrets(*variables.secrets)
    log = start_log(level=variables.log_level, task=variables.task_name, secrets=secrets)
    os.umask(0o077)
    try:
        code = asyncio.run(_run(variables, secrets))
    except Exception:  # noqa: BLE001 - the last chance to log it
        Journal("task").error("the supervisor has failed", {"trace": traceback.format_exc()})
        code = Exit.FAILED
    finally:
        log.stop()
    sys.exit(code)


async def _run(variables: Variables, secrets: Secrets) -> Exit:
    return await Task(variables, secrets).run()


if __name__ == "__main__":
    main()
