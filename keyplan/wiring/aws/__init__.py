"""Wiring for consumers that read on AWS: one module a target."""
