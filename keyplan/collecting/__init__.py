"""Collecting a snapshot of accounts from AWS, for `keyplan audit`: metadata and policies, never a value.

In the order in which they use each other:
    refusals        why a call gave no answer, in words of our own
    calls           one call to AWS, and how its pages follow each other
    access          the accounts that can be asked, and clients for each of them
    journal         what was answered so far, in a file beside the snapshot
    asking          calls asked once, from the journal or from AWS; what failed is kept as missing
    progress        how far it is, for a person
    identities, stored_secrets, encryption_keys, organization
                    which calls a part of the snapshot needs, and the part that their answers make
    collection      all parts of all accounts and regions, several calls at once
    snapshot_file   the finished document

boto3 is imported in `access` alone, and only when it is used.
"""
