"""A key's rotation: where it stands, the steps that are left, and what is said about them.

`moment` and `way_back` are pure: they tell from what the stores' metadata says which step comes next, so that
a rotation that was killed anywhere goes on from any machine. The other modules take the steps.
"""
