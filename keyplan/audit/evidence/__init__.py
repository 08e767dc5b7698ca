"""An audit as one file to keep: what was asked, what was answered, and how to check both, without values.

Pure: bytes in, pieces of bytes out; who opens files is the command. The same input gives the same members.
    values      whether a document holds something like a value
    contents    the members, each made of the inputs alone
    bundle      a zip file of them, with the hash of each
    verifying   whether a bundle is whole, and whether its answers are what its snapshot gives
"""
