"""A function whose environment lacks a setting says which, and nothing else of the environment."""

import importlib

import pytest

from functions.shared.errors import FunctionSettingsError


@pytest.mark.parametrize("function", ["ingest", "fetch", "sweep"])
def test_a_missing_setting_is_told_without_the_environment(
    monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    settings = importlib.import_module(f"functions.{function}.settings")
    for name in settings.Settings.__struct_fields__:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("Z_SESSION_TOKEN", "0penSesame")  # the last one is what would be quoted
    with pytest.raises(FunctionSettingsError) as error:
        settings.Settings.read()
    assert "table_name" in str(error.value)
    assert "0penSesame" not in str(error.value)
