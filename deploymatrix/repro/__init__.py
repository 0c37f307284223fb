"""A decided cell seen again, here or from a bundle."""
