"""The pictures' colours, for light and dark colour schemes."""

PAPER = "#fefefe"
INK = "#1b2330"
QUIET = "#5a6677"
RULE = "#c9d1dc"
BOX = "#ffffff"
FRAME = "#f4f6f9"
INNER_FRAME = "#e9edf3"
TRAFFIC = "#2456c8"
REFERENCE = "#8a95a5"
APPROVAL = "#7a3096"
APPROVAL_BOX = "#f6edfa"

STACKS = ("#0f6b57", "#9a4a00", "#2456c8", "#a3224f", "#5b3fa8", "#3c6a12", "#00687f", "#7b4b1f")
"""One for each stack, in order, repeated if there are more stacks."""

_DARK = {
    PAPER: "#141a22",
    INK: "#e6ebf2",
    QUIET: "#a3afbf",
    RULE: "#46515f",
    BOX: "#1d2530",
    FRAME: "#19212b",
    INNER_FRAME: "#222c38",
    TRAFFIC: "#86abff",
    REFERENCE: "#7c8a9c",
    APPROVAL: "#d69bee",
    APPROVAL_BOX: "#2d2136",
    "#0f6b57": "#5fd0b3",
    "#9a4a00": "#f0a95c",
    "#a3224f": "#ff8fb3",
    "#5b3fa8": "#b7a0ff",
    "#3c6a12": "#a3d672",
    "#00687f": "#63cfe6",
    "#7b4b1f": "#d9ab7e",
}


def stack_color(number: int) -> str:
    """Return the colour of a stack by its position."""
    return STACKS[number % len(STACKS)]


def dark_style(picture: str) -> str:
    """Return a style that replaces the colours of a picture in a dark colour scheme, a line for each."""
    rules = [
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}\n'
        for light, dark in _DARK.items()
        if light in picture
    ]
    return f"@media(prefers-color-scheme:dark){{\n{''.join(rules)}}}\n"
