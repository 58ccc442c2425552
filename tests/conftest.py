"""What every test can import, and how hypothesis searches."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# strategies.py and reference.py: found by name, so that what they define can be pickled.
sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile(
    "local", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")
