"""The learning rate over a run."""

import math


def cosine_with_warmup(step: int, *, total_steps: int, warmup_steps: float, peak: float) -> float:
    """A linear rise to `peak` over the warm-up, then half a cosine down to zero at `total_steps`."""
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / max(1.0, total_steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
