"""Commands actions: run shell commands without a CodeBuild project.

CodePipeline runs them in a build of its own, with the role of the action or of the pipeline ("Commands action
reference", CodePipeline User Guide).
"""

import json

from botocore.exceptions import ClientError

from rehearsal.actions.builds.build import Project, run_build
from rehearsal.actions.run import ActionFailed, Outcome, Run

IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
"""CodeBuild's standard image of Amazon Linux; which one CodePipeline uses is not documented."""
TIMEOUT_MINUTES = 55
"""The timeout of an action that sets none."""
MOST_COMMANDS = 50
EVERY_FILE = ("**/*",)


def execute(run: Run) -> Outcome:
    """Run the commands; return the exported variables and store the output artifacts."""
    commands = run.configuration.get("Commands", "").splitlines()
    if not 1 <= len(commands) <= MOST_COMMANDS:
        raise ActionFailed(
            f"a Commands action has 1 to {MOST_COMMANDS} commands, each on one line; this has {len(commands)}"
        )
    context = run.context
    caller = context.pipeline_credentials()
    role_arn = run.action.role_arn or context.definition.role_arn
    own = run.action.role_arn
    credentials = context.cloud.assume(own, caller, context.home.region, context.execution_id) if own else caller
    group = f"/aws/codepipeline/{context.definition.name}"
    try:
        context.cloud.client("logs", context.home.region, credentials).create_log_group(logGroupName=group)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise ActionFailed(error.response["Error"]["Message"]) from None
    settings = {
        "name": context.definition.name,
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": IMAGE,
            "environmentVariables": list(run.action.environment_variables),
        },
        "timeoutInMinutes": run.action.timeout_minutes or TIMEOUT_MINUTES,
        "logsConfig": {"cloudWatchLogs": {"groupName": group}},
    }
    project = Project(settings, credentials, role_arn, specification=_specification(run, commands))
    return Outcome(variables=run_build(run, project))


def _specification(run: Run, commands: list[str]) -> str:
    outputs = {name: {"files": list(run.action.output_files.get(name, EVERY_FILE))} for name in run.action.outputs}
    return json.dumps(
        {
            "version": "0.2",
            "env": {"exported-variables": list(run.action.output_variables)},
            "phases": {"build": {"commands": commands}},
            "artifacts": {"secondary-artifacts": outputs},
        }
    )
