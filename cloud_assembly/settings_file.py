"""Reads `delivery.toml` for everything that does: the app, the change review, and tools.

One reader, so that all of them accept and refuse the same bytes.
"""

import tomllib
from pathlib import Path
from typing import Any

from cloud_assembly.errors import UserError


class SettingsFileError(UserError):
    """The file cannot be read or is not valid TOML."""


def read_settings_file(file: Path) -> dict[str, Any]:
    """Return the content of a TOML file in UTF-8, with or without a byte order mark; raises SettingsFileError."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problem = "does not exist; run this in the folder that has it"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}; save it as UTF-8"
    except RecursionError:
        problem = "is nested too deeply; no value needs more than a few brackets"
    except tomllib.TOMLDecodeError as error:
        problem = f"is not valid TOML: {error}"
    except ValueError:
        # Python limits the number of digits it converts.
        problem = "has a number with too many digits; shorten it"
    raise SettingsFileError(f"{file}: {problem}")
