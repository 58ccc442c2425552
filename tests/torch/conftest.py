"""What tests of compiled steps begin with."""

import pytest


@pytest.fixture
def fresh_compiler():
    """Have nothing compiled before, and one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()
    torch.set_num_threads(threads)
