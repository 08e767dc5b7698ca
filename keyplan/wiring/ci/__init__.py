"""CI runners but GitHub's: jobs that trade their own identity token for the keys; no cloud key is stored."""
