"""The optimised package's parts, without a download: what is left out, what is compiled, what stays untouched."""

from __future__ import annotations

import importlib.util
import json
import marshal
import subprocess
import sys
from pathlib import Path
from types import CodeType

import pytest

from careloop.deploying import package
from careloop.deploying.package import Target, architecture, compile_all, prune
from chalicelib.core.errors import ConfigurationError

GOOD = (
    "regex/__init__.py",
    "regex/_regex.cpython-311-aarch64-linux-gnu.so",
    "six-1.17.0.dist-info/METADATA",
    "six-1.17.0.dist-info/licenses/LICENSE",
    "botocore/cacert.pem",
    "botocore/data/sqs/2012-11-05/service-2.json.gz",
    "botocore/data/xray/2016-04-12/service-2.json.gz",
    "botocore/data/partitions.json",
    "botocore/data/_retry.json",
    "wrapt/testing.py",
)
JUNK = (
    "bin/jp.py",
    "regex/__pycache__/__init__.cpython-311.pyc",
    "regex/tests/test_regex.py",
    "wrapt/_wrappers.c",
    "wrapt/__init__.pyi",
    "wrapt/py.typed",
    "six-1.17.0.dist-info/RECORD",
    "six-1.17.0.dist-info/top_level.txt",
    "botocore/data/ec2/2016-11-15/service-2.json.gz",
    "botocore/data/sqs/2012-11-05/examples-1.json",
)


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n", encoding="utf-8")
    return folder


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_no_function_uses_is_left_out(tmp_path: Path) -> None:
    vendor = tree(tmp_path, *GOOD, *JUNK)
    endpoints = {
        "version": 3,
        "partitions": [
            {"partition": "aws", "regions": {"eu-central-1": {}}, "services": {"sqs": {"a": 1}, "ec2": {}}},
            {"partition": "aws-iso", "services": {"sqs": {}}},
        ],
    }
    (vendor / "botocore/data/endpoints.json").write_text(json.dumps(endpoints), encoding="utf-8")

    prune(vendor)

    assert files(vendor) == {*GOOD, "botocore/data/endpoints.json"}
    assert json.loads((vendor / "botocore/data/endpoints.json").read_text(encoding="utf-8")) == {
        "version": 3,
        "partitions": [{"partition": "aws", "regions": {"eu-central-1": {}}, "services": {"sqs": {"a": 1}}}],
    }


def test_compiled_files_are_believed_and_name_lambdas_paths(tmp_path: Path) -> None:
    source = tree(tmp_path, "place/inner/a.py") / "place/inner/a.py"
    compile_all(tmp_path / "place", tmp_path)

    data = Path(importlib.util.cache_from_source(str(source))).read_bytes()
    assert int.from_bytes(data[4:8], "little") == 0b01  # by hash, unchecked (PEP 552)
    code = marshal.loads(data[16:])
    assert isinstance(code, CodeType)
    assert code.co_filename == "/var/task/place/inner/a.py"
    source.write_text("x = 2\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from place.inner import a; print(a.x)"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1"


def test_chalices_runtime_is_compiled_where_python_looks_for_it(tmp_path: Path) -> None:
    found = {name: path for path, name in package._runtime()}
    assert set(found) == {"chalice/app.py", "chalice/__init__.py"}
    package._compile_into(tmp_path, found["chalice/app.py"], "chalice/app.py")

    [made] = files(tmp_path)
    assert made == f"chalice/__pycache__/app.{sys.implementation.cache_tag}.pyc"


def test_what_does_not_compile_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def (", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="does not compile"):
        compile_all(tmp_path, tmp_path)


def test_wheels_must_fit_lambdas_system() -> None:
    old = Target(architecture="arm64", python=(3, 11)).tags()
    new = Target(architecture="x86_64", python=(3, 12)).tags()

    assert old[0] == "manylinux2014_aarch64"
    assert "manylinux_2_26_aarch64" in old
    assert "manylinux_2_28_aarch64" not in old
    assert "manylinux_2_34_x86_64" in new
    assert "manylinux_2_35_x86_64" not in new
    with pytest.raises(ConfigurationError, match="riscv"):
        Target(architecture="riscv").tags()


def test_the_architecture_is_the_projects(tmp_path: Path) -> None:
    tree(tmp_path, ".chalice/config.json")
    (tmp_path / ".chalice/config.json").write_text('{"lambda_architecture": "arm64"}', encoding="utf-8")
    assert architecture(tmp_path) == "arm64"
    (tmp_path / ".chalice/config.json").write_text("{}", encoding="utf-8")
    assert architecture(tmp_path) == "x86_64"


def test_a_folder_to_deploy_from(tmp_path: Path) -> None:
    """Made anew, with the project's record of deployment; the project stays as it was."""
    project = tree(
        tmp_path / "project",
        "app.py",
        "chalicelib/a.py",
        "chalicelib/README.md",
        "chalicelib/__pycache__/a.cpython-311.pyc",
        "policies/iam/api_handler.json",
        ".chalice/policies/dev/api_handler.json",
        ".chalice/deployments/old.zip",
        ".chalice/deployed/dev.json",
        "tests/test_a.py",
    )
    (project / ".chalice/config.json").write_text('{"lambda_architecture": "arm64"}', encoding="utf-8")
    (project / "requirements.txt").write_text("# nothing\n", encoding="utf-8")
    before = files(project)
    folder = tree(tmp_path / "made", "vendor/stale.py")

    package.assemble(project, folder, Target(architecture="x86_64"))

    tag = sys.implementation.cache_tag
    assert files(folder) == {
        "app.py",
        "requirements.txt",
        "chalicelib/a.py",
        f"chalicelib/__pycache__/a.{tag}.pyc",
        f"vendor/__pycache__/app.{tag}.pyc",
        f"vendor/chalice/__pycache__/app.{tag}.pyc",
        f"vendor/chalice/__pycache__/__init__.{tag}.pyc",
        "policies/iam/api_handler.json",
        ".chalice/config.json",
        ".chalice/policies/dev/api_handler.json",
    } | ({".chalice/deployed/dev.json"} & files(folder))
    assert json.loads((folder / ".chalice/config.json").read_text(encoding="utf-8"))["lambda_architecture"] == "x86_64"
    assert files(project) == before
    (folder / ".chalice/deployed/prod.json").write_text("{}", encoding="utf-8")
    assert (project / ".chalice/deployed/prod.json").is_file()
    package.assemble(project, folder, Target(architecture="x86_64"))
    assert (project / ".chalice/deployed/prod.json").is_file()
