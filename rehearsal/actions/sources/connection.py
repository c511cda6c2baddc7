"""Sources by a connection to GitHub, GitLab or Bitbucket: the commit as a zip or as a reference to clone."""

from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.actions.sources import contents, full_clone
from rehearsal.engine.cloud import Forbidden


def execute(run: Run) -> Outcome:
    """Deliver the commit; the action's role must be allowed to use the connection."""
    connection = run.configuration.get("ConnectionArn", "")
    if connection:
        try:
            run.context.cloud.check(run.role_arn, full_clone.use_of(connection), connection)
        except Forbidden as refusal:
            raise ActionFailed(str(refusal)) from None
    revision = contents.deliver(run)
    if connection:
        full_clone.refer(run, revision.commit, full_clone.use_of(connection), connection)
    else:
        full_clone.refer(run, revision.commit)
    return Outcome(
        variables={
            "CommitId": revision.commit,
            "AuthorDate": revision.author_date,
            "AuthorDisplayName": revision.name,
            "AuthorEmail": revision.email,
            "CommitMessage": revision.message,
            "BranchName": run.configuration.get("BranchName", ""),
            "FullRepositoryName": run.configuration.get("FullRepositoryId", ""),
            "ConnectionArn": connection,
        }
    )
