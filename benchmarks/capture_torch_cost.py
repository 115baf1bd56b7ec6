"""What a capture of a PyTorch module costs beside a plain pass: at the size of BERT-base, in memory, and at first in a process.

Prints the median of the ratios of neighbouring passes, with fused attention and with the weights of all 144 heads.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median

import torch
import transformers

import tb_attention

SAMPLES, TOKENS, ROUNDS = 4, 128, 7

FIRST = """
import sys, time, torch, tb_attention
model = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 2).eval()
x = torch.ones(2, 8, 32)
start = time.perf_counter()
with torch.no_grad():
    model(x)
plain = time.perf_counter()
tb_attention.capture(model, x)
first = time.perf_counter()
tb_attention.capture(model, x)
print(f"{plain - start:.3f} {first - plain:.3f} {time.perf_counter() - first:.3f} {'torch._dynamo' in sys.modules}")
"""

MEMORY = """
import resource, sys, torch, transformers, tb_attention
torch.manual_seed(0)
config = transformers.BertConfig(num_hidden_layers=4, max_position_embeddings=1024)
model = transformers.BertModel._from_config(config, attn_implementation=sys.argv[1]).eval()
ids = torch.randint(5, 1000, (4, 512))
tb_attention.capture(model, ids[:, :8])  # what is imported at first, and code
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
with torch.no_grad():
    model(ids)
plain = peak()
for _ in range(2):
    size = sum(site.weights.nbytes for site in tb_attention.capture(model, ids).values())
print(f"{size / 1e6:.0f} {(peak() - plain) / size:.2f}")
"""


def main() -> None:
    torch.manual_seed(0)
    config = transformers.BertConfig()
    for attention in ("sdpa", "eager"):
        model = transformers.BertModel._from_config(config, attn_implementation=attention).eval()
        ids = torch.randint(5, 1000, (SAMPLES, TOKENS))
        mask = torch.ones_like(ids)

        def plain(model: torch.nn.Module = model, ids: torch.Tensor = ids, mask: torch.Tensor = mask) -> None:
            with torch.no_grad():
                model(input_ids=ids, attention_mask=mask)

        def captured(model: torch.nn.Module = model, ids: torch.Tensor = ids, mask: torch.Tensor = mask) -> None:
            tb_attention.capture(model, input_ids=ids, attention_mask=mask)

        first_plain, first = seconds(plain), seconds(captured)
        ratios = []
        for _ in range(ROUNDS):
            one, other = seconds(plain), seconds(captured)
            ratios.append(other / one)
        print(
            f"BERT-base, {attention}, {SAMPLES} x {TOKENS}: capture / plain pass {median(ratios):.2f}; "
            f"first capture / first plain pass {first / first_plain:.2f}"
        )
    for attention in ("sdpa", "eager"):
        command = [sys.executable, "-c", MEMORY, attention]
        size, ratio = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout.split()
        print(f"memory beyond that of a plain pass, {attention}, weights of {size} MB: {ratio} times these")
    report = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True, env=os.environ)
    first_plain, first, later, compiler = report.stdout.split()
    print(
        f"a new process: plain pass {first_plain} s, first capture {first} s, second {later} s, dynamo imported: {compiler}"
    )


def seconds(call: object) -> float:
    start = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
