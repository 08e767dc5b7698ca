"""Pulumi's real engine, run for the sandbox: finding it, getting it, and calling it."""
