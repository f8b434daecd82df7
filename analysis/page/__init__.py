"""The page to send to somebody: one HTML file with every claim, every measured point and the leaderboard."""

from analysis.page.document import document

__all__ = ["document"]
