"""What did others report? Tables of results: shipped ones, and CSV files of the same columns."""
