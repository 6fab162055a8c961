"""The grading server: it receives submissions, copies, evaluates and records them."""
