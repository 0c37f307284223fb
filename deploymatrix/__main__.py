"""`python -m deploymatrix` is the command `deploymatrix`."""

from deploymatrix.cli import main

main()
