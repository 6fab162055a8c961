"""What does a trace say of how models came about: commands, code, folders, logs?"""
