"""The code keeps its shape: each module has its test module, and the list of exemptions only shrinks."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / "falco").rglob("*.py"))
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["falco"]["layout"]
UNTESTED = {Path(name) for name in CONFIG["untested"]}


def mirrored(module: Path) -> Path:
    """falco/filter/lexer.py -> tests/unit/filter/test_lexer.py."""
    inside = module.relative_to("falco")
    return Path("tests/unit") / inside.with_name(f"test_{inside.name}")


@pytest.mark.parametrize("module", [m for m in MODULES if m.name not in ("__init__.py", "__main__.py")], ids=str)
def test_module_has_its_test(module):
    exists = (ROOT / mirrored(module)).exists()
    if module in UNTESTED:
        assert not exists, f"{module} has its test now: take it off [tool.falco.layout] untested in pyproject.toml"
    else:
        assert exists, f"{module} needs {mirrored(module)}"


def test_exemptions_name_modules_that_exist():
    assert sorted(UNTESTED - set(MODULES)) == []


@pytest.mark.parametrize("module", [m for m in MODULES if m.name == "__init__.py"], ids=str)
def test_packages_hold_no_code(module):
    # A package that does something when it is imported makes every module below it pay, and has no test of its own.
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    assert [node.lineno for node in tree.body if not isinstance(node, ast.Expr | ast.Assign | ast.ImportFrom)] == []


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_and_functions_stay_short(module):
    text = (ROOT / module).read_text(encoding="utf-8")
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}
    assert len(text.splitlines()) <= CONFIG["longest_module"]
    assert {name: length for name, length in lengths.items() if length > CONFIG["longest_function"]} == {}
