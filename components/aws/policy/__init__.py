"""Policy documents and trusts, who they name, and how they fit into IAM's quotas. Pure."""
