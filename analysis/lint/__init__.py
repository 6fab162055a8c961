"""Is a reported table consistent with itself? One rule a file; each says what would explain what it finds."""
