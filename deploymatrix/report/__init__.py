"""Reports: the matrix as people read it."""
