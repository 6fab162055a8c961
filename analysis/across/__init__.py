"""What does a study say: over runs, agents, drivers, modes and tasks, on the tables of an audit?"""
