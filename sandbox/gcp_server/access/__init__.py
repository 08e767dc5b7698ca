"""Who may do what: identities, roles, policies with conditions, and the decision."""
