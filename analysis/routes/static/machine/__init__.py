"""Source, run on abstract values."""
