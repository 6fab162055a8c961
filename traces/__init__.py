"""What is recorded? Event schema, writer, reader, validation."""
