"""Run, record, audit and report agent-driven post-training."""
