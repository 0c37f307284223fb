"""What the user wrote, and the plan that follows from it."""
