"""Measuring a sampler in one line, and what comes out: a table that prints, plots and saves itself."""

from heroism.report.measuring import compare, measure
from heroism.report.report import Comparison, Report, Rung

__all__ = ["Comparison", "Report", "Rung", "compare", "measure"]
