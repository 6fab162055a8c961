"""How fast is it against what a user would pick instead? ``python -m benchmarks [--quick] [NAME...]``."""
