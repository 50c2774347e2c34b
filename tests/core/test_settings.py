"""Settings: strict, and wrong ones told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import Settings, SettingsError, environment, settings

WRONG = [
    ("PRECISION", "xfloat32y", "auto, float32, mixed_bfloat16"),
    ("PRECISION", "automatic", "auto, float32, mixed_bfloat16"),
    ("MAX_BYTES", "-1", "whole number above 0"),
    ("MAX_PIXELS", "0", "whole number above 0"),
    ("MAX_SIDE", "many", "whole number above 0"),
    ("OFFLINE", "perhaps", "true or false"),
    ("SHOW_ALL", "2", "true or false"),
    ("CHOOSE_COLLECTION", "ja", "true or false"),
    ("HUB_REPO", "https://huggingface.co/a/b", "owner/name"),
    ("HUB_REVISION", "a b", "a tag or a commit"),
]


def with_(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"ATELIER_{name}", value)
    settings.cache_clear()
    return settings()


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG)
def test_a_wrong_value_is_told_with_its_variable_and_what_is_allowed(
    monkeypatch, name, value, allowed
):
    with pytest.raises(SettingsError) as refused:
        with_(monkeypatch, **{name: value})
    told = str(refused.value)
    assert told.startswith(f"ATELIER_{name} is {value!r}, but must be ")
    assert allowed in told
    assert told.endswith(".")
    assert "\n" not in told
    assert refused.value.code == "settings"


def test_a_password_is_not_shown(monkeypatch):
    with pytest.raises(SettingsError) as refused:
        with_(monkeypatch, JOURNAL_URL="postgresql:/me:secret@host/journal")
    assert str(refused.value).startswith("ATELIER_JOURNAL_URL must be the address of a database")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a", "http://me:secret@a", "http://a?b"])
def test_what_is_no_address_of_a_service_is_refused(monkeypatch, url):
    with pytest.raises(SettingsError, match="ATELIER_SERVICE must be the address of a serv") as no:
        with_(monkeypatch, SERVICE=url)
    assert "secret" not in str(no.value)


def test_a_service_and_its_token(monkeypatch):
    found = with_(monkeypatch, SERVICE="https://a.example:8443/api", SERVICE_TOKEN="a-b_c")
    assert (found.service, found.service_token) == ("https://a.example:8443/api", "a-b_c")
    with pytest.raises(SettingsError, match=r"^ATELIER_SERVICE_TOKEN must be a key"):
        with_(monkeypatch, SERVICE_TOKEN="a b")


def test_the_key_of_who_asks_is_not_mistaken_for_those_of_who_is_asked(monkeypatch, caplog):
    with_(monkeypatch, SERVICE_KEY="a" * 64)
    assert "There is no setting ATELIER_SERVICE_KEY: did you mean" in caplog.text


def test_every_wrong_value_is_told_at_once(monkeypatch):
    with pytest.raises(SettingsError, match=r"^ATELIER_MAX_SIDE is .*; ATELIER_PRECISION is .*\.$"):
        with_(monkeypatch, PRECISION="double", MAX_SIDE="-3")


def test_right_values_are_taken(monkeypatch, tmp_path: Path):
    found = with_(monkeypatch, PRECISION="float32", MAX_SIDE="7", COLLECTION=str(tmp_path))
    assert (found.precision, found.max_side, found.collection) == ("float32", 7, tmp_path)


def test_an_empty_variable_is_none_at_all(monkeypatch):
    found = with_(monkeypatch, COLLECTION="", WEIGHTS="", PRECISION="", OFFLINE="")
    assert (found.collection, found.weights) == (None, None)
    assert (found.precision, found.offline) == ("auto", False)


def test_visitors_may_not_choose_a_directory_unless_it_is_said():
    assert not settings().choose_collection


def test_a_misspelled_variable_is_told_in_the_log(monkeypatch, caplog):
    with_(monkeypatch, PRECISON="float32", TEST_DATA="/data", XYZ="1")
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "There is no setting ATELIER_PRECISON: did you mean ATELIER_PRECISION?",
        "There is no setting ATELIER_XYZ.",
    ]


@pytest.mark.parametrize("name", ["cache", "weights", "versions", "kept", "collection"])
def test_a_directory_is_absolute(monkeypatch, tmp_path: Path, name: str):
    monkeypatch.chdir(tmp_path)
    assert getattr(with_(monkeypatch, **{name.upper(): "here"}), name) == tmp_path / "here"


def test_a_process_elsewhere_is_told_of_directories_as_they_are(monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ATELIER_WEIGHTS", raising=False)
    with_(monkeypatch, CACHE="here", OFFLINE="true")
    told = environment()
    assert (told["ATELIER_CACHE"], told["ATELIER_OFFLINE"]) == (str(tmp_path / "here"), "true")
    assert "ATELIER_WEIGHTS" not in told
    assert all(name.startswith("ATELIER_") for name in told)
