"""HTTP with the standard library: what the clouds' short roads and the vendors' share."""
