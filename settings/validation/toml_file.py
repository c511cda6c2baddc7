"""Reads a TOML file."""

import tomllib
from collections.abc import Sequence
from pathlib import Path


class SettingsError(Exception):
    """The settings cannot be used. `problems` has a line for each mistake; the error's text is all of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read(file: Path) -> dict[str, object]:
    """Return the file's content; raise SettingsError if the file cannot be read or is not valid TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problem = "does not exist"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}"
    except RecursionError:
        problem = "is nested too deeply"
    except tomllib.TOMLDecodeError as error:
        problem = f"is not valid TOML: {error}"
    except ValueError:
        # Python limits the number of digits it converts.
        problem = "has a number with too many digits"
    raise SettingsError([f"{file}: {problem}"])
