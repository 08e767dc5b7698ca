"""The sandbox's cloud: moto behind a small application of our own, in one background process on 127.0.0.1.

`lifecycle` starts, finds and stops it; `application`, `guard` and `administration` are what runs inside. The
process's memory is the cloud: when it ends, everything in it is gone, and none of it was ever on a disk.
"""
