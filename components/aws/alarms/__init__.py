"""Rotation reminders, the read alarm, and the topics that both send to."""
