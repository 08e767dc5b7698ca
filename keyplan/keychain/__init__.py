"""Values of keys in the keychain of a developer's machine, for somebody without access to the cloud."""
