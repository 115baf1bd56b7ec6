"""The route `opening` holds the answers to the first requests of the page, under the addresses that the page uses."""

import gzip
import json
import struct

import numpy as np
import pytest

from . import handmade
from .conftest import open_tab, write_event_file

DENSE = np.array([[5, 1, 0], [0, 7, 2], [3, 0, 9]])
SET = "samples-0f3a5c9e1b2d"


@pytest.fixture
def log(tmp_path):
    """The run "vit" with two steps of maps, one of matrices, and the samples; the run "other", which is older."""
    for run in ("vit", "other"):
        write_event_file(tmp_path / run)
        ours = tmp_path / run / "plugins" / "attention"
        steps = {f"step-00000000000{step}.npz": handmade.step_file(step) for step in (0, 1)}
        handmade.write(ours / "attention", {**steps, f"{SET}.npz": handmade.samples_file()})
    matrices = tmp_path / "vit" / "plugins" / "attention" / "confusion"
    handmade.write(matrices, {"step-000000000001.npz": handmade.confusion_file(1, DENSE)})
    return tmp_path


@pytest.fixture
def tab(log):
    return open_tab(log)


def parts(tab, **query):
    """Address and body of each part, in order."""
    response = tab.get("opening", **query)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache"
    return dict(read(response.get_data()))


def read(body):
    texts = []
    while body:
        (size,) = struct.unpack_from("<I", body)
        texts.append(body[4 : 4 + size])
        body = body[4 + size :]
    return zip((text.decode() for text in texts[::2]), texts[1::2], strict=True)


@pytest.mark.parametrize(
    "query",
    [
        {"run": "vit"},
        {"run": "vit", "step": "0", "view": "head", "site": "nonsense", "attempt": "9" * 5000},
        {"run": "other", "tag": "absent", "sample": "absent", "view": "sample"},
    ],
)
def test_each_part_is_the_answer_to_its_address(tab, query):
    found = parts(tab, **query)
    for address, body in found.items():
        assert body == tab.client.get(f"/data/plugin/attention/{address}").get_data(), address
    names = [address.split("?")[0] for address in found]
    weights = ["weights"] if "view" in query else []
    matrices = ["series"] if query["run"] == "vit" else []
    assert names == ["runs", "series", "samples", *weights, "overview", *matrices]
    assert f"run={query['run']}&" in list(found)[1]


def test_it_chooses_what_the_link_chooses(tab):
    ids = [sample["id"] for sample in tab.json("samples", run="vit", tag="attention", set=SET)["samples"]]
    addresses = list(parts(tab, run="vit", step="0", sample=ids[1]))
    assert any("overview?run=vit&tag=attention&attempt=1&step=0&sample=1&" in address for address in addresses)
    newest = list(parts(tab, run="vit"))
    assert any("&step=1&sample=0&" in address for address in newest)


def test_what_cannot_be_read_is_left_out(tab, log):
    handmade.write(log / "vit/plugins/attention/attention", {f"{SET}.npz": b"no zip"})
    assert [address.split("?")[0] for address in parts(tab, run="vit")] == ["runs", "series"]
    assert tab.get("opening", method="HEAD").get_data() == b""


def test_it_is_compressed_in_transit(tab):
    plain = tab.get("opening", run="vit").get_data()
    packed = tab.client.get("/data/plugin/attention/opening?run=vit", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.get_data()) == plain
    assert len(packed.get_data()) < len(plain)


def test_an_empty_log_has_the_list_of_runs(tmp_path):
    found = parts(open_tab(tmp_path))
    assert list(found) == ["runs"]
    assert json.loads(found["runs"])["runs"] == []
