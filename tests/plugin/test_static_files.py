"""The front end is served from its directory, and from nowhere else."""

import json

import pytest

from tb_attention.plugin import static_files


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    directory = tmp_path / "static"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.js").write_text("export function render() {}")
    (directory / "index.css").write_text("body { color: black }")
    (directory / "roboto-latin-400-normal.woff2").write_bytes(b"wOF2")
    (directory / "assets" / "worker-a1B2c3D4.js").write_text("postMessage(1)")
    (directory / "notes.py").write_text("secret = 1")
    (tmp_path / "outside.js").write_text("secret")
    monkeypatch.setattr(static_files, "STATIC", directory)


@pytest.mark.parametrize("path", ["index.js", "plugin/attention/index.js"])
def test_the_module_has_both_paths_and_is_never_stale(bundle, tab, path):
    response = tab.get(path)
    assert response.get_data(as_text=True) == "export function render() {}"
    assert response.mimetype == "text/javascript"
    assert response.headers.getlist("Cache-Control") == ["no-cache"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_path_of_the_tab_is_served(bundle, tab):
    listing = json.loads(tab.client.get("/data/plugins_listing").get_data())["attention"]
    assert listing["tab_name"] == "Attention"
    assert tab.client.get(listing["loading_mechanism"]["module_path"]).status_code == 200


def test_only_files_that_never_change_are_cached_forever(bundle, tab):
    for name, mimetype in {
        "assets/worker-a1B2c3D4.js": "text/javascript",
        "roboto-latin-400-normal.woff2": "font/woff2",
    }.items():
        response = tab.get(name)
        assert response.mimetype == mimetype
        assert "immutable" in response.headers["Cache-Control"]
    assert tab.get("index.css").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "notes.py",
        "../outside.js",
        "..%2foutside.js",
        "%2e%2e/outside.js",
        "assets/../../outside.js",
        "assets",
        "",
        "a%00.js",
        "/etc/passwd",
    ],
)
def test_nothing_else_is_served(bundle, tab, path):
    response = tab.get(path)
    assert response.status_code == 404
    assert b"secret" not in response.get_data()


@pytest.fixture
def no_bundle(tmp_path, monkeypatch):
    monkeypatch.setattr(static_files, "STATIC", tmp_path / "nothing")


def test_a_missing_bundle_says_how_to_build_it(no_bundle, tab):
    response = tab.get("index.js")
    assert "export function render" in response.get_data(as_text=True)
    assert "python tools/frontend.py bundle" in response.get_data(as_text=True)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_is_allowed(tab, method):
    response = tab.get("index.js", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_head_answers_without_a_body(bundle, tab):
    response = tab.get("index.js", method="HEAD")
    assert response.status_code == 200
    assert response.get_data() == b""
    assert int(response.headers["Content-Length"]) > 0
