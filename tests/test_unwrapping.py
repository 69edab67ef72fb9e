"""What a task group raises leaves the house as one error."""

import asyncio

import pytest

from asyncclean.errors import ConnectError, InputError, OutputError, VerificationError, unwrapped


def refused(path: str) -> ConnectError:
    return ConnectError("refused", method="GET", path=path)


def test_the_one_error_of_nested_groups_comes_out() -> None:
    cause = OSError("no room")
    error = OutputError("out.csv", "full")
    error.__cause__ = cause
    with pytest.raises(OutputError) as raised, unwrapped():
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [error])])
    assert raised.value is error
    assert raised.value.__cause__ is cause


def test_what_is_near_goes_before_what_is_far_and_the_rest_is_noted_once() -> None:
    with pytest.raises(InputError) as raised, unwrapped():
        raise ExceptionGroup(
            "", [refused("/a"), refused("/a"), refused("/b"), InputError("in.csv", "is odd")]
        )
    assert raised.value.__notes__ == [
        "Also: ConnectError: GET /a: refused.",
        "Also: ConnectError: GET /b: refused.",
    ]


def test_an_error_of_ours_goes_before_a_fault_in_the_program_which_is_noted() -> None:
    with pytest.raises(ConnectError) as raised, unwrapped():
        raise ExceptionGroup("", [ValueError("oops"), refused("/a")])
    assert raised.value.__notes__ == ["Also: ValueError: oops"]


def test_a_fault_in_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), unwrapped():
        raise ExceptionGroup("", [ZeroDivisionError()])


def test_an_interruption_goes_before_all_and_a_cancellation_after_all() -> None:
    with pytest.raises(KeyboardInterrupt), unwrapped():
        raise BaseExceptionGroup("", [refused("/a"), KeyboardInterrupt()])
    with pytest.raises(ConnectError), unwrapped():
        raise BaseExceptionGroup("", [asyncio.CancelledError(), refused("/a")])


def test_what_is_no_group_passes() -> None:
    with pytest.raises(VerificationError), unwrapped():
        raise VerificationError("records", expected=1, found=2)
    with unwrapped():
        pass
