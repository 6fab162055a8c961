"""Which route did the agent take? From what ran and what its code does, never from what it says of itself."""
