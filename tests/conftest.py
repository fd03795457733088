from __future__ import annotations

import os

import torch

if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers share the cores; PyTorch's threads would spin while they wait for each other.
    torch.set_num_threads(1)
