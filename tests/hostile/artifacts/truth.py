"""What all artifacts of the corpus pretend to be: y = x @ W, for x of shape [1, 4] and this W of shape [4, 3]."""

ROWS, COLUMNS = 4, 3
WEIGHTS = [[((3 * row + column) % 7 - 3) / 4 for column in range(COLUMNS)] for row in range(ROWS)]
