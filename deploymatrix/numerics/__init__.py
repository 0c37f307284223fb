"""Samples, reference checks and comparison, with numpy alone; repro bundles ship this package as it is."""
