"""GitHub Actions: one `workflow`, with the steps that read from the consumer's cloud (`aws`, `gcp`)."""
