"""Every claim of the paper as a study with a verdict: read conf/study, measure in the records, judge, tabulate."""
