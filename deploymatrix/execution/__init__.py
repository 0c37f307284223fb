"""Cells decided: tasks are scheduled, done in stages, and assembled into the matrix."""
