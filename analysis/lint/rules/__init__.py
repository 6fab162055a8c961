"""The rules, one a file: each reads the tables of a book and yields what does not fit."""
