"""Where an agent runs, and what that keeps from it."""
