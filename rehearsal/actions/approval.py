"""Manual approvals."""

from botocore.exceptions import ClientError

from rehearsal.actions.kept_pages import links
from rehearsal.actions.run import ActionFailed, Outcome, Rejected, Run
from rehearsal.engine.action_details import Question


def execute(run: Run) -> Outcome:
    """Notify the SNS topic and ask, with the page to review; raises Rejected unless approved."""
    message = run.configuration.get("CustomData", "")
    if topic := run.configuration.get("NotificationArn"):
        _notify(run, topic, message)
    if link := run.configuration.get("ExternalEntityLink", ""):
        # Where it leads to a page that was kept, the file; the emulated AWS has no console.
        kept = [page for bucket, key in links(link) if (page := run.pages.get(f"{bucket}/{key}"))]
        message += f"\n\nReview: {kept[0] if kept else link}"
    run.details.question = Question(message)
    approved = not run.fail_on_purpose and run.context.approver.ask(run.name, message)
    run.details.question = Question(message, approved=approved)
    if not approved:
        raise Rejected("rejected")
    return Outcome()


def _notify(run: Run, topic: str, message: str) -> None:
    home = run.context.home
    sns = run.context.cloud.client("sns", home.region, run.context.pipeline_credentials())
    try:
        sns.publish(TopicArn=topic, Subject=f"APPROVAL NEEDED: {run.name}"[:100], Message=message or run.name)
    except ClientError as error:
        raise ActionFailed(f"cannot publish to {topic}: {error.response['Error']['Message']}") from None
    run.log(f"notified {topic.rsplit(':', 1)[-1]}")
