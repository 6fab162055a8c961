"""What moved the weights: losses, updates, trainers, and where their tokens come from."""
