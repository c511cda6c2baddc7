"""The source action: the commit as a zip without history or as a reference to clone, as a connection delivers it."""

import subprocess

from rehearsal.actions import artifacts, full_clone
from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.engine.cloud import Forbidden


def execute(run: Run) -> Outcome:
    """Archive the commit into the action's output artifact."""
    if run.fail_on_purpose:
        raise ActionFailed("made to fail by --fail")
    context = run.context
    _use_connection(run)
    details = _git(run, "show", "--no-patch", "--no-show-signature", "--format=%H%n%aI%n%an%n%ae%n%B", context.commit)
    commit, date, name, email, message = details.split("\n", 4)
    if run.configuration.get("OutputArtifactFormat") == full_clone.FORMAT:
        full_clone.write_reference(run, commit)
    else:
        target = context.artifacts.path(run.action.outputs[0])
        _git(run, "archive", "--format=zip", "-1", f"--output={target}", context.commit)
    subject = message.strip().partition("\n")[0]
    run.log(f"{commit[:12]} {subject}")
    return Outcome(
        variables={
            "CommitId": commit,
            "AuthorDate": date,
            "AuthorDisplayName": name,
            "AuthorEmail": email,
            "CommitMessage": message.strip(),
            "BranchName": run.configuration.get("BranchName", ""),
            "FullRepositoryName": run.configuration.get("FullRepositoryId", ""),
            "ConnectionArn": run.configuration.get("ConnectionArn", ""),
        }
    )


def _use_connection(run: Run) -> None:
    """Check that the role may use the connection and write the artifact."""
    connection = run.configuration.get("ConnectionArn")
    role_arn = run.action.role_arn or run.context.definition.role_arn
    try:
        if connection:
            run.context.cloud.check(role_arn, full_clone.use_of(connection), connection)
        artifacts.write_outputs(run)
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None


def _git(run: Run, *arguments: str) -> str:
    command = ["git", "-C", str(run.context.repository), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ActionFailed(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
