"""What happened in the runs? Traces as records and as tables."""
