"""The paper pack: figures and tables as files, each with the rows, runs and command behind it."""
