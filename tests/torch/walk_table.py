"""Print a markdown table of what can be driven: python tests/torch/walk_table.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import torch_walk

if __name__ == "__main__":
    sys.stdout.write(torch_walk.table() + "\n")
