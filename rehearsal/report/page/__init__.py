"""The report as a single HTML file, readable without network or script."""

from rehearsal.report.page.rendering import write

__all__ = ["write"]
