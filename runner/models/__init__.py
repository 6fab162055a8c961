"""Models that the embedded suite trains: no framework, only numpy."""
