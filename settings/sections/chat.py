"""The table `[pipeline.chat]`."""

from typing import Annotated

from settings.sections.base import Section
from settings.validation.constraints import matches


class ChatSettings(Section):
    """A Slack channel that gets delivery notifications through Amazon Q Developer in chat applications.

    Authorize the workspace once in that service's console, in the pipeline's account.
    """

    workspace_id: Annotated[str, matches(r"[0-9A-Z]{6,255}", "a Slack workspace ID, such as T012ABCDEFG")]
    """The workspace's ID, as shown in Slack's URL."""
    channel_id: Annotated[str, matches(r"[0-9A-Za-z]{6,255}", "a Slack channel ID, such as C012ABCDEFG")]
    """The channel's ID, as shown in its details. Invite the app to a private channel."""
