"""Wiring for one machine: a shell, an editor, containers and services that somebody starts there."""
