"""A class of a test that derives from the code's is made where its base is."""

from __future__ import annotations

import pytest

from tests.sandbox.verdict.inside.joined import Joined, joined


@pytest.fixture
def side() -> Joined:
    return joined()


def test_methods_of_the_test_are_called_by_the_class_of_the_code(side: Joined) -> None:
    Shape = side.fetch("Shape")

    class Square(Shape):  # type: ignore[misc,valid-type] # of the other side
        def __init__(self, size: int) -> None:
            self.size = size

        def area(self) -> int:
            return int(self.size) ** 2

    assert Square(3).twice() == 18
    assert isinstance(Square(1), Shape)
    side.close()


def test_what_derives_from_both_sides_is_told_as_untestable(side: Joined) -> None:
    Shape = side.fetch("Shape")
    with pytest.raises(TypeError, match="and from another"):

        class Both(Shape, dict):  # type: ignore[misc,valid-type,type-arg]
            pass

    assert "Both" in side.judge.unable
    side.close()
