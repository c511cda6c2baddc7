"""Sources in CodeCommit."""

from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.actions.sources import contents, full_clone
from rehearsal.engine.cloud import Forbidden

CALLS = ("GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus")
"""What CodePipeline calls to deliver a commit (CodePipeline User Guide, "CodeCommit source action reference")."""


def execute(run: Run) -> Outcome:
    """Deliver the commit; the action's role must be allowed to read the repository."""
    name, branch = run.configuration["RepositoryName"], run.configuration["BranchName"]
    where = run.aws_environment
    repository = f"arn:{run.partition}:codecommit:{where.region}:{where.account}:{name}"
    try:
        for call in CALLS:
            run.context.cloud.check(run.role_arn, f"codecommit:{call}", repository)
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None
    revision = contents.deliver(run)
    full_clone.refer(run, revision.commit, "codecommit:GitPull", repository)
    return Outcome(
        variables={
            "CommitId": revision.commit,
            "AuthorDate": revision.author_date,
            "CommitterDate": revision.committer_date,
            "CommitMessage": revision.message,
            "BranchName": branch,
            "RepositoryName": name,
        }
    )
