"""Asking the vendors whether the stored values are alive: the questions, and what is said of the answers."""
