"""Reads a TOML file, and says where it is none."""

import re
import tomllib
from pathlib import Path

from settings.validation.errors import SettingsError


def read(file: Path) -> dict[str, object]:
    """Return what the file says; SettingsError when there is nothing to be read or it is no TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problem = "there is no such file"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}"
    except RecursionError:
        problem = "is nested too deeply"
    except tomllib.TOMLDecodeError as error:
        problem = _in_our_words(str(error))
    except ValueError:
        # Python limits how many digits it converts.
        problem = "has a number of too many digits"
    raise SettingsError([f"{file}: {problem}"])


def _in_our_words(message: str) -> str:
    """Put the place first, and call a table that stands twice what it is to the reader."""
    match = re.fullmatch(r"(?P<what>.*) \(at (?P<where>[^()]*)\)", message, re.DOTALL)
    if match is None:
        return message
    what, where = match["what"], match["where"]
    twice = re.fullmatch(r"Cannot declare \((?P<keys>.*)\) twice", what)
    if twice is None:
        return f"{where}: {what[:1].lower()}{what[1:]}"
    keys = re.findall(r"'([^']*)'", twice["keys"])
    name = ".".join(keys)
    if len(keys) == 2 and keys[0] == "environments":
        return f"{name}: {where}: duplicate environment: each needs a name of its own"
    return f"{name}: {where}: the table is declared a second time"
