"""The tester tested: mutants that the comparison must notice, and cells decided again that must not turn red."""
