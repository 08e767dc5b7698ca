"""The plugins that Pulumi's own engine starts in the sandbox, each a process that answers over gRPC.

They stand in for the vendors' plugins where those are not installed: the cloud providers, over the same
provider that the builtin engine calls, and the host that runs a Python program.
"""
