"""Manual approval: the gate."""

from rehearsal.actions.run import Outcome, Rejected, Run


def run(run: Run) -> Outcome:
    """Ask, and go on only after a yes."""
    if topic := run.configuration.get("NotificationArn"):
        run.log(f"would notify {topic}")
    if not run.context.gate.ask(run.name, run.configuration.get("CustomData", "")):
        raise Rejected("rejected at the gate")
    return Outcome()
