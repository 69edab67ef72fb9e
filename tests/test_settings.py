"""Settings: flag, then environment, then profile, then default; secrets only from private places."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from asyncclean import Client
from asyncclean.errors import MissingExtraError, UsageError
from asyncclean.settings import Settings, load

PROFILE = """
[production]
url = "https://profile.example"
client_id = "profile-id"
client_secret = "profile-secret"
type_codes = { decimal = 2 }
job_states = { 7 = "completed" }
"""


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILE)
    path.chmod(0o600)
    return path


def test_a_flag_wins_over_the_environment_and_that_over_the_profile(profiles: Path) -> None:
    environ = {"ASYNCCLEAN_URL": "https://environment.example", "ASYNCCLEAN_CLIENT_ID": "environment-id"}
    flags = {"url": "https://flag.example", "client_id": None}
    settings = load(flags, environ=environ, profile="production", profiles=profiles)
    assert settings.url == "https://flag.example"
    assert settings.client_id == "environment-id"
    assert settings.client_secret == "profile-secret"


def test_without_anything_the_embedded_server_is_meant() -> None:
    assert load(environ={}) == Settings()
    assert Settings().url is None


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load(environ={"ASYNCCLEAN_URL": ""}).url is None


def test_a_profile_gives_codes_their_meanings(profiles: Path) -> None:
    settings = load(environ={"ASYNCCLEAN_PROFILE": "production"}, profiles=profiles)
    assert settings.type_codes == {"text": 0, "int": 1, "decimal": 2}
    assert settings.job_states == {7: "completed"}


def test_a_secret_that_others_can_read_is_refused(profiles: Path) -> None:
    profiles.chmod(0o644)
    with pytest.raises(UsageError, match=r"others can read it.*chmod 600"):
        load(environ={}, profile="production", profiles=profiles)


def test_a_secret_can_lie_in_a_file_of_its_own(profiles: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n")
    secret.chmod(0o600)
    profiles.write_text(f'[p]\nclient_id = "x"\nclient_secret_file = "{secret}"\n')
    profiles.chmod(0o644)
    assert load(environ={}, profile="p", profiles=profiles).client_secret == "from-a-file"
    secret.chmod(0o640)
    with pytest.raises(UsageError, match="others can read"):
        load(environ={}, profile="p", profiles=profiles)


def test_a_secret_can_lie_in_the_keyring(profiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles.write_text('[p]\nclient_id = "me"\nkeyring = true\n')
    held = {("asyncclean", "me"): "from-the-keyring"}
    ring = SimpleNamespace(get_password=lambda service, name: held.get((service, name)))
    monkeypatch.setitem(sys.modules, "keyring", ring)
    assert load(environ={}, profile="p", profiles=profiles).client_secret == "from-the-keyring"
    held.clear()
    with pytest.raises(UsageError, match="no secret for 'me'"):
        load(environ={}, profile="p", profiles=profiles)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtraError, match=r"asyncclean\[keyring\]"):
        load(environ={}, profile="p", profiles=profiles)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[other]\n", "no profile 'p'"),
        ("[p]\nurll = 'x'\n", "unknown setting 'urll'"),
        ("[p\n", "not valid TOML"),
        ("[p]\nurl = '\xff'\n", "not valid TOML"),
        ("[p]\nurl = 5\n", "url must be a text"),
        ("[p]\nclient_secret_file = 5\n", "client_secret_file must be a text"),
        ("[p]\ninsecure_http = 'false'\n", "insecure_http must be true or false"),
        ("[p]\ntype_codes = 2\n", "type_codes must be a table"),
        ("[p]\ntype_codes = { number = 1 }\n", "type_codes"),
        ("[p]\ntype_codes = { decimal = 'two' }\n", "type_codes gives whole numbers"),
        ("[p]\njob_states = { x = 'completed' }\n", "job_states"),
    ],
)
def test_an_odd_profile_is_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=message):
        load(environ={}, profile="p", profiles=path)


def test_a_missing_profile_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(environ={}, profile="p", profiles=tmp_path / "none.toml")


def test_no_secret_is_in_the_repr() -> None:
    settings = Settings(client_secret="hush-1", token="hush-2")
    assert "hush" not in repr(settings)


def test_a_client_takes_settings_or_an_address_and_not_both() -> None:
    with pytest.raises(UsageError, match="Both settings and an address or credentials are given"):
        Client("https://one.example", settings=Settings(url="https://other.example"))
