"""Chalice's own checks, which otherwise come at the first deployment."""

from __future__ import annotations

import json

import pytest
from chalice.config import Config
from chalice.deploy.validate import validate_configuration

from app import app
from tests.packaging.test_chalice_config import CONFIG, ROOT, STAGES


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_chalice_would_deploy_it(stage: str) -> None:
    config = Config(
        chalice_stage=stage,
        user_provided_params={"chalice_app": app, "project_dir": str(ROOT)},
        config_from_disk=json.loads(CONFIG.read_text(encoding="utf-8")),
    )

    validate_configuration(config)
