"""From what is launched, or lies there, to the code that it runs."""
