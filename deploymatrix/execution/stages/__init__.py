"""What each kind of task asks a worker for, depends on, and leaves in the store."""
