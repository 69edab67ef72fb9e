"""How a workflow is found."""

import pytest

from asyncclean.workflows import registry
from asyncclean.workflows.base import BlockWorkflow, WorkflowError


@pytest.mark.parametrize("name", registry.names())
def test_every_listed_workflow_can_be_found_under_its_own_name(name: str) -> None:
    workflow = registry.find(name)

    assert issubclass(workflow, BlockWorkflow)
    assert workflow.name == name
    assert workflow.inputs


def test_an_unknown_name_is_refused_and_the_known_ones_are_told() -> None:
    with pytest.raises(WorkflowError) as refused:
        registry.find("ContactPolish")

    assert "'ContactPolish'" in str(refused.value)
    for name in registry.names():
        assert name in str(refused.value)


def test_a_name_in_the_wrong_case_is_refused_with_the_right_one() -> None:
    with pytest.raises(WorkflowError, match="Did you mean PassThrough"):
        registry.find("passthrough")
