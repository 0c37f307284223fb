"""Reports: the matrix as people read it. All of them from the matrix alone."""
