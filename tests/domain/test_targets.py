"""Where we may connect to."""

import pytest

from whalefall.domain.targets import TargetPolicy
from whalefall.errors import Code, TargetProblem

SPECIAL = ["127.0.0.1", "127.9.9.9", "::1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::"]
SPECIAL += ["224.0.0.1", "::ffff:127.0.0.1", "240.0.0.1"]


@pytest.mark.parametrize("address", SPECIAL)
def test_this_host_and_special_networks_are_refused(address: str) -> None:
    with pytest.raises(TargetProblem) as refused:
        TargetPolicy().check(address, 5432)

    assert refused.value.problem_code is Code.TARGET_NOT_ALLOWED


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.9", "172.16.0.1", "fd00::1"])
def test_the_company_network_is_allowed(address: str) -> None:
    TargetPolicy().check(address, 5432)


@pytest.mark.parametrize(
    ("allow", "address", "port"),
    [
        ("127.0.0.1:5432", "127.0.0.1", 5432),
        ("127.0.0.0/8", "127.0.0.2", 1),
        ("[::1]:5432", "::1", 5432),
        ("::1", "::1", 9),
        ("127.0.0.1", "::ffff:127.0.0.1", 3306),
    ],
)
def test_an_exception_opens_exactly_its_network_and_port(
    allow: str, address: str, port: int
) -> None:
    TargetPolicy.parse([allow]).check(address, port)


def test_an_exception_for_one_port_opens_no_other() -> None:
    policy = TargetPolicy.parse(["127.0.0.1:5432"])

    with pytest.raises(TargetProblem):
        policy.check("127.0.0.1", 5433)


def test_a_malformed_exception_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        TargetPolicy.parse(["nonsense"])
