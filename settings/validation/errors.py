"""All that is wrong with a `delivery.toml`, as one error."""

from collections.abc import Sequence


class SettingsError(Exception):
    """The settings cannot be used. `problems` says why, a line for each mistake; the error's text is all of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
