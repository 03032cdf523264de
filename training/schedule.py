"""The learning rate over a run."""

import math


def cosine_with_warmup(step: int, *, total_steps: int, warmup_steps: float, peak: float, hold: float = 0.0) -> float:
    """A linear rise to `peak` over the warm-up, then half a cosine down to zero at `total_steps`.

    With `hold`, the peak lasts until that share of all steps (Hägele et al., 2024): a run that must end sooner can go
    down from any of its held epochs.
    """
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    start = max(warmup_steps, hold * total_steps)
    progress = (step - start) / max(1.0, total_steps - start)
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress))))
