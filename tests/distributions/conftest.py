"""These are distributions that tests install, and one of them cannot be imported."""

collect_ignore_glob = ["*"]
