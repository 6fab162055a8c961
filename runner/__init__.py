"""How does a run happen? Workspace, sandbox, grading server, recorder, agents, tasks, sweeps."""
