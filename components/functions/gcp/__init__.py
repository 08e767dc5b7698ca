"""The function that runs in Cloud Run: standard library only."""
