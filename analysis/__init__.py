"""What do the traces say? Tables, statistics, audit."""
