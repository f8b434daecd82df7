"""Pictures that belong to no study: those of claims. A study's own stand in its module of ``analysis.studies``."""
