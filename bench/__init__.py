"""Benchmarks: what a run costs, against lower bounds and against what one would do without deploymatrix."""
