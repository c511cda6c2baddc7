"""A statement that no database executes is a gap, not a failure of the release."""

from rehearsal.emulator.internals import rds_data
from rehearsal.emulator.services import data_api
from rehearsal.errors import is_gap


def test_statement_is_a_gap_and_is_not_quoted() -> None:
    data_api.register()
    answer = rds_data._stub_execute("arn:aws:rds:eu-west-1:111111111111:cluster:a", "CREATE ROLE app PASSWORD 'secret'")
    assert answer[0] == 400
    assert is_gap(answer[2].decode())
    assert "secret" not in answer[2].decode()
