"""Sources on GitHub by a token, CodePipeline's first way to read it (owner ThirdParty)."""

from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.actions.sources import contents


def execute(run: Run) -> Outcome:
    """Deliver the commit. Nobody asks GitHub whether the token is valid."""
    configuration = run.configuration
    # The emulator's API hides its value, as AWS's does.
    if not configuration.get("OAuthToken"):
        raise ActionFailed("the action has no OAuthToken, with which CodePipeline would read the repository")
    revision = contents.deliver(run)
    owner, repository = configuration["Owner"], configuration["Repo"]
    return Outcome(
        variables={
            "CommitId": revision.commit,
            "AuthorDate": revision.author_date,
            "CommitterDate": revision.committer_date,
            "CommitMessage": revision.message,
            # Its form is not documented.
            "CommitUrl": f"https://github.com/{owner}/{repository}/commit/{revision.commit}",
            "BranchName": configuration.get("Branch", ""),
            "RepositoryName": repository,
        }
    )
