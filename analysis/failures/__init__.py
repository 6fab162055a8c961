"""Why did a run, or an iteration of it, fail? Causes by rules, each with the lines that say so."""
