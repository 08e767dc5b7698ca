"""What makes each runtime read its keys anew, and doing it."""
