"""What do sibling benchmarks support? Medal rates, paired systems, wins over tasks, crossovers."""
