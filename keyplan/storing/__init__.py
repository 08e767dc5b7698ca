"""Storing a value in every cloud of an environment: the steps, and what is said of them."""
