"""The error of settings that cannot be used."""

from collections.abc import Sequence


class SettingsError(Exception):
    """The settings cannot be used. `problems` has a line for each mistake; the error's text is all of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
