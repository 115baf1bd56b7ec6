"""Run in two processes, by rank and directory: trains in step with and without a logger, and captures a module that is spread.

Each writes its report as `report_<rank>.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import tb_attention
from tb_attention.errors import ArgumentError
from tests.tracing.torch.attending import Attending, Classifier, some_features, some_ids


def train(rank: int, log_dir: Path | None) -> tuple[list[torch.Tensor], list[float]]:
    """Each process trains on its half of the data."""
    torch.manual_seed(0)
    model = torch.nn.parallel.DistributedDataParallel(Classifier())
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    logger = (
        None if log_dir is None else tb_attention.torch.AttentionLogger(model, (some_ids(4), [0, 1, 2, 0]), log_dir)
    )
    losses = []
    for step in range(3):
        loss = torch.nn.functional.cross_entropy(model(some_ids(8)[rank::2]), torch.arange(8)[rank::2] % 3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if logger is not None:
            logger.step(step, metrics={"loss": losses[-1]}, epoch=step)
    if logger is not None:
        logger.close()
    return list(model.state_dict().values()), losses


def spread(rank: int) -> dict[str, Any]:
    """A module whose weights are spread is refused; whoever gathers them captures a copy."""
    torch.manual_seed(1)
    whole, x = Attending(), some_features()
    model = Attending()
    model.load_state_dict(whole.state_dict())
    fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
    refused = ""
    try:
        tb_attention.capture(model, x)
    except ArgumentError as error:
        refused = str(error)
    # All processes take part, and the first one gets the weights.
    state = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    is_same = True
    if rank == 0:
        gathered = Attending()
        gathered.load_state_dict(state)
        (site,) = tb_attention.capture(gathered, x).values()
        (expected,) = tb_attention.capture(whole, x).values()
        is_same = bool((site.weights == expected.weights).all())
    after = model(x)
    return {
        "refused": refused,
        "gathered": is_same,
        "goes on": bool(torch.isfinite(after).all()),
    }


def main(rank: int, directory: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{directory / 'meeting'}", rank=rank, world_size=2)
    plain, logged = train(rank, None), train(rank, directory / "run")
    same = (
        all(torch.equal(one, other) for one, other in zip(plain[0], logged[0], strict=True)) and plain[1] == logged[1]
    )
    report = {"same": same, **spread(rank)}
    (directory / f"report_{rank}.json").write_text(json.dumps(report))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
