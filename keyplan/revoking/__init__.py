"""Shutting a leaked value: which one it is, the steps, and the record that is kept of them."""
