"""Secret Manager v1, global secrets: everything that its API does, with IAM enforced."""
