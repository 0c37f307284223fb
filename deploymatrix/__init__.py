"""deploymatrix: tells a team, before a release, where its model really runs."""

__version__ = "0.1.0"
