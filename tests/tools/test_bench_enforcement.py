"""The measured cost of enforcing permissions."""

import pytest

from tools.bench import enforcement


def test_minimum_of_each_mode_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"off": iter([20.0, 22.0]), "enforced": iter([25.0, 21.0])}

    def rehearse(mode: str) -> float:
        return next(seconds[mode])

    monkeypatch.setattr(enforcement, "_rehearse", rehearse)
    cost = enforcement.measure(2)
    assert (cost.off, cost.enforced, cost.ratio) == (20.0, 21.0, pytest.approx(1.05))
