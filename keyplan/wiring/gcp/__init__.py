"""Targets on Google Cloud, one pure module each; GitHub Actions, for either cloud, is `wiring.github`."""
