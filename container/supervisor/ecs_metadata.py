"""Reads the task's name and address from the ECS task metadata endpoint, version 4."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Final, cast

NAME_LENGTH: Final = 8
"""Characters of the task's id used as its name."""


class MetadataError(Exception):
    """The endpoint does not answer as documented."""


@dataclass(frozen=True, kw_only=True)
class TaskMetadata:
    """A task's short name and its address in the VPC."""

    task_name: str
    address: str


def read(address: str, *, timeout_seconds: float = 3.0) -> TaskMetadata:
    """Read the endpoint at `address`. Raises MetadataError."""
    try:
        container = _get(address, timeout_seconds)
        task = _get(f"{address}/task", timeout_seconds)
        arn = cast(str, task["TaskARN"])
        networks = cast(list[dict[str, list[str]]], container["Networks"])
        return TaskMetadata(task_name=arn.rpartition("/")[2][:NAME_LENGTH], address=networks[0]["IPv4Addresses"][0])
    except urllib.error.HTTPError as error:
        raise MetadataError(f"answers {error.code} {error.reason}") from None
    except OSError as error:
        raise MetadataError(f"cannot be reached ({getattr(error, 'reason', error)})") from None
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise MetadataError(f"does not answer as ECS documents ({type(error).__name__})") from None


def _get(address: str, timeout_seconds: float) -> dict[str, object]:
    if not address.startswith("http://"):
        raise ValueError("not an http address")
    with urllib.request.urlopen(address, timeout=timeout_seconds) as answer:  # noqa: S310 - http only, see above
        return cast(dict[str, object], json.load(answer))
