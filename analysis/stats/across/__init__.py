"""What do several runs say together: over seeds, tasks, agents?"""
