"""What tests import by its name, and scripts that they start; there are no tests in it."""

collect_ignore_glob = ["*"]
