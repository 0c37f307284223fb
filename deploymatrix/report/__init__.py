"""The matrix as people read it: every report is made from the matrix alone."""
