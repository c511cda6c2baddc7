"""CloudWatch Logs: streams, and groups as policies must name them.

Policies name a group with a trailing `:*` for all actions but those about tags (CloudWatch Logs User Guide, "CloudWatch
Logs resources and operations"): a call about a group is authorized on `…:log-group:NAME:log-stream:`.
"""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on

STREAM_ACTIONS = ("CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents")
TAG_ACTIONS = ("TagResource", "UntagResource", "ListTagsForResource")


def correct(call: ApiCall) -> Target | None:
    """Name the stream, or the group with the end that policies need."""
    name = call.action.partition(":")[2]
    if name in TAG_ACTIONS:
        return None
    group = call.text("logGroupName") or call.text("logGroupIdentifier")
    if not group:
        groups = call.list("logGroupNames")
        return on([_group(call, item) for item in groups]) if groups else None
    if name in STREAM_ACTIONS:
        return on(f"{_group(call, group)}{call.text('logStreamName')}")
    return on(_group(call, group))


def _group(call: ApiCall, group: str) -> str:
    arn = group.removesuffix(":*") if group.startswith("arn:") else call.arn("logs", f"log-group:{group}")
    return f"{arn}:log-stream:"
