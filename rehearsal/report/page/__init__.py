"""The rehearsal as one HTML file that needs nothing else: no network, no other file, no script to be readable."""

from rehearsal.report.page.rendering import write

__all__ = ["write"]
