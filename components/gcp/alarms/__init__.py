"""Rotation reminders, the read alarm, and the notification channels that both speak through."""
