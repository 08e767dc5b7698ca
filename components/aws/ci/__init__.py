"""CI runners: which jobs are trusted, and the OIDC providers that vouch for them."""
