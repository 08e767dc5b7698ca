"""Time on Google Cloud: call what is scheduled, keep what it writes, and show which alert policies speak."""
