"""What a log will take on disk, in a sentence before training."""

from __future__ import annotations

from tb_attention.records.sizes import spell_bytes


def cost_sentence(
    step_bytes: float, every: int | None, batches: int | None, epochs: int, max_bytes: int | None, log_dir: str
) -> str:
    """The sentence.

    Args:
        step_bytes: Of one step, about.
        every: Batches from step to step, or None for a step an epoch.
        batches: Batches in an epoch, or None where Keras does not know.
        epochs: That will be trained.
        max_bytes: What the log may take, or None.
        log_dir: Where it lies.
    """
    if every is not None and batches is None:
        return f"Attention log: about {spell_bytes(step_bytes)} a step, in {log_dir}{_bound(0, max_bytes)}"
    an_epoch = step_bytes if every is None else step_bytes * max(1.0, (batches or 0) / every)
    total = an_epoch * max(1, epochs)
    return (
        f"Attention log: about {spell_bytes(an_epoch)} an epoch, {spell_bytes(total)} for {max(1, epochs)}, in {log_dir}"
        f"{_bound(total, max_bytes)}"
    )


def _bound(total: float, max_bytes: int | None) -> str:
    if max_bytes is None or total <= max_bytes:
        return "."
    return f". Older steps will be thinned out to stay below {spell_bytes(max_bytes)} (max_bytes)."
