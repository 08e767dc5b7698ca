"""Say who can read which secret, from a snapshot of accounts: offline, exact, and with the reasons.

The snapshot is one JSON document with what AWS's APIs say of principals, secrets and keys (docs/audit.md).
It holds no value, and no question asks anything of a cloud; `collect` alone does, and `reads`, which is
about the clouds' own logs.

A verdict is one of
  allow        the current value can be read now: Secrets Manager and KMS both let it
  conditional  it depends on what a snapshot cannot know: an address, MFA, a VPC endpoint, session tags
  unknown      a document is missing from the snapshot, or cannot be read
  deny         neither directly nor through any chain of roles

What could not be read in the snapshot is said on standard error, and makes verdicts unknown, never deny.
"""

# One module each; the order is that of the overview.
VERBS = {
    "collect": "the snapshot, from AWS: every other question is asked of it",
    "readers": "everybody who can read a secret, directly or through roles",
    "keys": "every secret that a principal can read",
    "path": "the proof of one verdict, request by request and statement by statement",
    "changers": "who could give themselves or others access, and how",
    "matrix": "everything that the snapshot says",
    "reads": "who did read a key, from the clouds' audit logs",
    "gate": "what differs from the catalogue, for CI",
    "diff": "what a change opened or closed: two snapshots, or one and a Pulumi preview",
    "report": "all of it as one page of HTML, for an auditor",
    "evidence": "everything as one file to keep, and whether such a file is whole",
}
