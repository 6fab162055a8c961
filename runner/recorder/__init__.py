"""What is observed while an agent works: code, processes, artefacts, metrics, resources."""
