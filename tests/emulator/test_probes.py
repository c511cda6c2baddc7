"""AWS's documented answers, asked of the emulator: at least 80 of them, and at least 95 % the same."""

from rehearsal.cloud import Cloud
from tests.emulator.probes.score import LEAST, ask_all, share


def test_the_emulator_answers_as_aws_does(cloud: Cloud) -> None:
    asked = ask_all(cloud)
    assert len(asked) >= 80
    differing = "\n".join(str(one) for one in asked if not one.passed)
    assert share(asked) >= LEAST, differing
