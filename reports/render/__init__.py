"""From an executed notebook to a document: one renderer a file, each returns files as bytes."""
