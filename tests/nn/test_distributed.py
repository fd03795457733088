"""DistributedDataParallel over two processes gives the gradients of the whole batch in one."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from gruvy import nn

WORKER = """
import sys
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from gruvy import nn

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
torch.manual_seed(rank)  # the weights of rank 0 are everybody's
module = DistributedDataParallel(nn.GRU(3, 5, 2, bidirectional=True, layer_norm=True, learn_initial_state=True))
x, lengths = torch.load(f"{folder}/batch.pt")
half = slice(4 * rank, 4 * rank + 4)
for _ in range(2):  # the second time the buckets are in the order of the first backward pass
    module.zero_grad()
    out, _ = module(x[:, half], lengths=lengths[half])
    (out.square().sum() / 4).backward()
if rank == 0:
    torch.save([module.module.state_dict(), [p.grad for p in module.parameters()]], f"{folder}/found.pt")
dist.destroy_process_group()
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch has no torch.distributed")
def test_two_processes_have_the_gradients_of_the_whole_batch(tmp_path):
    torch.manual_seed(0)
    x, lengths = torch.randn(6, 8, 3), torch.tensor([6, 2, 0, 5, 1, 6, 3, 4])
    torch.save((x, lengths), tmp_path / "batch.pt")
    command = [sys.executable, "-c", WORKER]
    workers = [subprocess.Popen([*command, str(rank), str(tmp_path)], stderr=subprocess.PIPE) for rank in (0, 1)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors.decode()
    weights, found = torch.load(tmp_path / "found.pt")
    module = nn.GRU(3, 5, 2, bidirectional=True, layer_norm=True, learn_initial_state=True)
    module.load_state_dict(weights)
    out, _ = module(x, lengths=lengths)
    (out.square().sum() / 8).backward()
    for gradient, parameter in zip(found, module.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=1e-4, atol=1e-6)
