"""The records of a run, and what a release is gated on."""
