"""CI runners on Google Cloud: who signs their tokens, which of them are accepted, and as whom they read."""
