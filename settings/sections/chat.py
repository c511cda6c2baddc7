"""The table `[pipeline.chat]`."""

from typing import Annotated

from settings.sections.base import Section
from settings.validation.constraints import Matches


class ChatSettings(Section):
    """A Slack channel that is told what deliveries do, through Amazon Q Developer in chat applications.

    The workspace must have been authorized once, in the pipeline's account, in that service's console.
    """

    workspace_id: Annotated[str, Matches(r"[0-9A-Z]{6,255}", "a Slack workspace's id, such as T012ABCDEFG")]
    """The workspace, as Slack's address shows it."""
    channel_id: Annotated[str, Matches(r"[0-9A-Za-z]{6,255}", "a Slack channel's id, such as C012ABCDEFG")]
    """The channel, as its details show it. A private one must have invited the app."""
