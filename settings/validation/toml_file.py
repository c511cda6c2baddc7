"""Reads a TOML file."""

import re
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
        problem = _position_first(str(error))
    except ValueError:
        # Python limits the number of digits it converts.
        problem = "has a number with too many digits"
    raise SettingsError([f"{file}: {problem}"])


def _position_first(message: str) -> str:
    """Turn `Cannot declare ('a', 'b') twice (at line 2, column 5)` into `a.b: line 2, column 5: …`."""
    what, _, where = message.removesuffix(")").rpartition(" (at ")
    if not what.startswith("Cannot declare ("):
        return f"{where}: {what[:1].lower()}{what[1:]}" if what else message
    keys = re.findall(r"'([^']*)'", what)
    is_environment = len(keys) == 2 and keys[0] == "environments"
    problem = "duplicate environment; each needs its own name" if is_environment else "the table is declared twice"
    return f"{'.'.join(keys)}: {where}: {problem}"
