"""SNS: records published messages, so that the report can list the notifications."""

from typing import Any

from rehearsal.emulator.internals import sns

published: list[dict[str, str]] = []
"""Every message so far: the topic's ARN, the subject, and the text of an email."""


def register() -> None:
    """Record every published message."""
    original_publish = sns.publish_internal

    def publish(topic_arn: str, message: Any, subject: str = "", **rest: Any) -> Any:
        structure = rest.get("message_structure", "")
        text = sns._resolve_message_for_protocol(message, structure, "email") if structure else message
        published.append({"topic": topic_arn, "subject": subject, "text": text})
        return original_publish(topic_arn, message, subject, **rest)

    sns.publish_internal = publish
