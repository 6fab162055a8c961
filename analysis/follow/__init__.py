"""What does a run that is still going show so far? Evidence that may be looked at at any time."""
