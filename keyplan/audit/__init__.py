"""Who can read which key: the audit's engine, from a snapshot of accounts to verdicts.

Pure: no network, no clock, no cloud SDK. In the order in which they use each other:
    policies/   the language of AWS's policies, and statements weighed for many resources at once
    arns        the parts of an ARN
    fields      the shapes of a snapshot's entries
    snapshot    the snapshot's fields, checked
    callers     principals as requests show them
    controls    an organization's policies, account by account
    decisions   AWS's evaluation logic: which policies have to allow, and which bypass others
    secrets     secrets, each with the key behind it
    grants      grants of keys that decrypt a secret
    forms       the forms of a request among which a caller chooses
    estate      the judges of a snapshot: reading, decrypting, assuming
    chains      reach through sts:AssumeRole
    reasons     why a verdict is what it is
    wording     conditions in words
    lacking     which layer of policies lacks an allow
    proof       one verdict, request by request
    outsiders   principals whose own policies are not in the snapshot
    matrix      the whole result
    questions   what people ask of it
    gate/       what differs from the manifest
    baseline    findings that somebody accepted
    changers/   who could change who reads
    sample_tokens    tokens that trusts describe themselves
    changes/    what differs between two snapshots
    planned/    the snapshot after a change that Pulumi previews
    reports/    answers as text, for people and for programs
    evidence/   all of it as one file to keep, and how such a file is checked
"""
