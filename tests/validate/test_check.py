"""What a project says of its tools is heard."""

from __future__ import annotations

from headgate.validate.check import stated, there


def test_a_table_of_pyproject_is_found_by_its_whole_name() -> None:
    look = stated("tool.black")
    assert look({"pyproject.toml": b"[tool.black]\n"})
    assert look({"pyproject.toml": b"  [tool.black.x]\n"})
    assert not look({"pyproject.toml": b"[tool.blacken]\n# [tool.black]\n"})
    assert not look({})


def test_a_file_is_found_in_whichever_folder() -> None:
    assert there("biome.json")({"web/biome.json": b""})
    assert not there("biome.json")({"web/mybiome.json": b""})
