"""What a setting does to the bill."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Costs:
    """What more of a value is paid for; stands in the type of a field: `Annotated[bool, Costs("…")]`.

    In words and without figures, which age: `make cost` reckons with the prices of a date.
    """

    text: str
    """To be read alone: `by the hour, and by the GiB that goes through`."""
