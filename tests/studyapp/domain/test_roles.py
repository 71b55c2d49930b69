from itertools import pairwise

import pytest

from studyapp.domain.roles import CHANGE, MEANINGS, OWN, PERMISSIONS, VIEW, Role, find_role


@pytest.mark.parametrize(
    ("permissions", "role"),
    [
        ([], None),
        ([VIEW], Role.VIEWER),
        ([VIEW, CHANGE], Role.RESEARCHER),
        ([VIEW, CHANGE, OWN], Role.OWNER),
        ([CHANGE, OWN], None),  # no role lets one change what one may not see
        ([VIEW, OWN], Role.VIEWER),
        ([VIEW, CHANGE, "delete_study"], Role.RESEARCHER),
    ],
)
def test_the_role_is_the_highest_whose_permissions_are_all_there(permissions, role):
    assert find_role(permissions) is role


def test_every_role_may_do_what_those_below_it_may_and_says_what_that_is():
    sets = [PERMISSIONS[role] for role in Role]
    assert all(lower < higher for lower, higher in pairwise(sets))
    assert set(MEANINGS) == set(Role)
