"""The functions that keyplan deploys, and what they share: `aws` runs in Lambda, `gcp` in Cloud Run.

Each archive holds this package under the name `keyplan_functions`, with the modules that the function needs
and its `settings.json`. Nothing here imports keyplan or components, because neither is in the archive; a
test runs each archive in a process that has nothing else on its path.
"""
