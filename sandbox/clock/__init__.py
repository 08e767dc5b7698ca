"""Time in the sandbox: age what is stored, run what is scheduled, evaluate alarms, show what they send."""
