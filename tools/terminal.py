"""Asks people questions on the terminal."""


def ask(question: str) -> str:
    """Return the answer without surrounding blanks; empty if the input has ended."""
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""
