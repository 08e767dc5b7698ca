"""Retiring old values: when it may be done, in which order, and what is said of it."""
