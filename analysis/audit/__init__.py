"""Does the gain of a run exceed evaluation noise? From records to verdicts."""
