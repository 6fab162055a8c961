"""How often is the route of code right? Labelled units of public repositories: ``make routes-eval``."""
