"""torch_walk.py and torch_models.py are found by name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

collect_ignore = ["range_test_process.py"]  # a script that a test starts
