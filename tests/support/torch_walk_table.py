"""Print a markdown table of what can be driven: python tests/support/torch_walk_table.py."""

import sys

import torch_walk

if __name__ == "__main__":
    sys.stdout.write(torch_walk.table() + "\n")
