"""What a setting costs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Costs:
    """How a value affects the costs; part of a field's type: `Annotated[bool, Costs("…")]`.

    Without prices, which change: `make cost` estimates with the prices of a given date.
    """

    text: str
    """To be read alone: `by the hour, and by the GiB of traffic`."""
