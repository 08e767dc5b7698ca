"""Wiring for Claude Code: what its settings say, and how they get into a file that has others."""
