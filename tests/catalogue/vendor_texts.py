"""What tests of vendors in a catalogue write, and words that the answers repeat."""

ORGANIZATION = "1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f"
URL = (
    "https://HOST, with or without a path, without a slash at its end, a query or a user, of at most 256 "
    "characters"
)
HIDDEN = "an address with a user, a query or a fragment (hidden)"
GATEWAY = "keys: {gate: {vendor: gateway, baseUrl: 'https://llm.example.com'%s}}"
ADMIN = "keys: {admin: {vendor: anthropic-admin}}"
