"""What goes into every bundle as it is: programs that reproduce one cell and know nothing of deploymatrix."""
