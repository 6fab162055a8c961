"""How often is the audit wrong? Simulations with a known truth: ``python -m benchmarks.noise [--full]``."""
