"""The embedded default: a cloud on this machine, on which the whole product can be run and tested.

`python -m sandbox up` starts moto as a background server on 127.0.0.1, runs the unmodified Pulumi program
against it, and leaves a manifest that the keyplan command finds. Nothing in keyplan/ or components/ imports
this package.
"""
