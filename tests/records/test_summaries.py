"""The event file, as TensorBoard itself reads it."""

from __future__ import annotations

import gc
import io
import json
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard import context
from tensorboard.backend.event_processing import data_provider, event_file_loader, plugin_event_multiplexer
from tensorboard.data import provider as provider_types
from tensorboard.data import server_ingester
from tensorboard.util import grpc_util

from tb_attention.errors import DamagedFileError
from tb_attention.records.format.digest import digest
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.format.step_summary import MAX_BLOB, overview_blob, step_of_blob
from tb_attention.records.reading.reader import load
from tb_attention.records.store.opening import open_store
from tb_attention.records.writing import event_file
from tb_attention.records.writing.event_file import event_file_of
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.encodings import decode

from . import logs

CONTEXT = context.RequestContext()


@pytest.fixture(params=["python", "data server"])
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """TensorBoard's two ways to read events, of a log directory with one run of ours and its matrices."""
    run = tmp_path / "run"
    logs.write_steps(run, ["init", 0, 1, 2])
    writer = SeriesWriter(run, "confusion", 1)
    for step in range(2):
        writer.submit(ConfusionRecord(step, {"validation": np.full((3, 3), step)}, epoch=step))
    assert writer.close(10)
    if request.param == "python":
        multiplexer = plugin_event_multiplexer.EventMultiplexer()
        multiplexer.AddRunsFromDirectory(str(tmp_path))
        multiplexer.Reload()
        yield data_provider.MultiplexerDataProvider(multiplexer, str(tmp_path))
        return
    try:
        binary = server_ingester.get_server_binary()
    except server_ingester.NoDataServerError as error:
        pytest.skip(str(error))
    ingester = server_ingester.SubprocessServerDataIngester(
        server_binary=binary,
        logdir=str(tmp_path),
        reload_interval=1,
        channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # TensorBoard drops the server's process and its folder
        ingester.start()
    yield ingester.data_provider
    ingester._stdin_handle.close()  # which ends the server


def test_tensorboard_lists_the_run_and_reads_the_overviews(provider: Any) -> None:
    assert [run.run_name for run in provider.list_runs(CONTEXT, experiment_id="")] == ["run"]
    listed = provider.list_blob_sequences(CONTEXT, experiment_id="", plugin_name="attention")
    assert list(listed["run"]) == ["attention"]
    data = provider.read_blob_sequences(
        CONTEXT,
        experiment_id="",
        plugin_name="attention",
        downsample=100,
        run_tag_filter=provider_types.RunTagFilter(["run"], ["attention"]),
    )["run"]["attention"]
    assert [datum.step for datum in data] == [-1, 0, 1, 2]
    blob = provider.read_blob(CONTEXT, blob_key=data[-1].values[0].blob_key)
    assert parse(blob)[0]["step"] == 2


def test_tensorboard_reads_the_matrices_as_tensors(provider: Any) -> None:
    data = provider.read_tensors(CONTEXT, experiment_id="", plugin_name="attention", downsample=100)["run"]
    assert list(data) == ["confusion/validation"]
    assert [datum.step for datum in data["confusion/validation"]] == [0, 1]
    np.testing.assert_array_equal(data["confusion/validation"][1].numpy, np.ones((3, 3)))


def parse(blob: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """JSON and overviews of a blob."""
    assert blob[:8] == b"TBAT\x02\0\0\0"
    (length,) = struct.unpack("<I", blob[8:12])
    content = zlib.decompress(blob[12:])
    return json.loads(content[:length]), np.frombuffer(content[length:], np.uint8)


def test_a_blob_holds_overviews_and_measures_of_every_sample_that_fits() -> None:
    record = logs.record(3, sites=(logs.site("a", keys=40), logs.site("b")))
    made = digest(record, "attention", 1)
    head, packed = parse(overview_blob(made, "step-000000000003.npz"))
    assert head["step_file"] == "step-000000000003.npz"
    assert head["overviews"] == 2
    np.testing.assert_allclose(np.array(head["measures_values"], float), made.measures, rtol=1e-3)
    part = head["sites"][1]["overview"]
    each = packed.reshape(2, -1)
    back = decode(each[1, part["offset"] : part["offset"] + part["bytes"]], part["shape"], part["encoding"])
    np.testing.assert_allclose(back, record.sites[1].weights[1], atol=4e-3)


@pytest.mark.parametrize(
    ("sites", "heads", "samples", "fit", "size"), [(4, 4, 40, 1, 16), (12, 12, 2, 1, 4), (1100, 4, 1, 0, 4)]
)
def test_a_blob_never_exceeds_8_kib(sites: int, heads: int, samples: int, fit: int, size: int) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(32), (sites, samples, heads, 32)).astype(np.float32)
    one = logs.site(samples=samples, heads=heads, keys=32)
    every = tuple(one.replace(path=f"block_{index}/attention", weights=each) for index, each in enumerate(weights))
    record = logs.record(0, sites=every)
    made = digest(record, "attention", 1)
    blob = overview_blob(made, "step-000000000000.npz")
    head, packed = parse(blob)
    assert len(blob) <= MAX_BLOB
    assert head["overviews"] == fit
    assert len(head["measures_values"]) == fit
    assert packed.size == fit * sum(site["overview"]["bytes"] for site in head["sites"])
    assert (head["sites"] == []) == (fit == 0)
    for site, whole in zip(head["sites"], weights, strict=False):
        part = site["overview"]
        assert part["shape"] == [heads, size, size]
        drawn = decode(packed[part["offset"] : part["offset"] + part["bytes"]], part["shape"], part["encoding"])
        side = 32 // size
        strongest = whole[0].reshape(heads, size, side, size, side).max(axis=(2, 4))
        np.testing.assert_allclose(drawn, strongest, atol=1e-2)
    found = step_of_blob(blob)
    assert (found.tag, found.step) == ("attention", 0)


def test_a_cut_or_endless_blob_is_damaged() -> None:
    blob = overview_blob(digest(logs.record(0), "attention", 1), "step-000000000000.npz")
    bomb = blob[:12] + zlib.compress(bytes(64 << 20))
    for damaged in (blob[:-9], blob[:12], blob[:12] + b"no zlib", bomb):
        with pytest.raises(DamagedFileError):
            step_of_blob(damaged)


def test_the_event_file_has_fewer_of_many_steps_and_always_the_last(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, range(103))
    (file,) = event_files(tmp_path)
    steps = [event.step for event in event_file_loader.EventFileLoader(str(file)).Load() if event.summary.value]
    # Counted from 1: all of the first 31, every 2nd up to 63, every 4th up to 127, and the last.
    assert steps == [*range(31), *range(31, 63, 2), *range(63, 102, 4), 102]


def event_files(log_dir: Path) -> list[Path]:
    return sorted(path for path in log_dir.iterdir() if "tfevents" in path.name)


def test_all_writers_of_a_run_share_one_event_file(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=logs.write_steps, args=(tmp_path, range(4)), kwargs={"tag": tag}) for tag in "abc"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (file,) = event_files(tmp_path)
    events = list(event_file_loader.EventFileLoader(str(file)).Load())
    assert events[0].file_version == "brain.Event:2"
    assert sorted((event.summary.value[0].tag, event.step) for event in events[1:]) == [
        (tag, step) for tag in "abc" for step in range(4)
    ]


def test_no_event_file_is_written_next_to_that_of_another_program(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.1.host.2.0").write_bytes(b"")
    logs.write_steps(tmp_path, [0])
    writer = SeriesWriter(tmp_path, "attention", 1)
    writer.submit(logs.record(1))
    writer.write_status(notes=["mine"])
    writer.close(10)
    assert len(event_files(tmp_path)) == 1
    assert load(tmp_path).steps == [0, 1]
    notes = json.loads((logs.attempt_directory(tmp_path) / "status.json").read_text())["notes"]
    assert notes[0] == "mine"
    assert "events.out.tfevents.1.host.2.0" in notes[1]


def test_event_files_of_subdirectories_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "events.out.tfevents.1.host.2.0").write_bytes(b"")
    logs.write_steps(tmp_path, [0])
    assert len(event_files(tmp_path)) == 1


def test_a_directory_that_was_emptied_gets_a_new_event_file(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, [0])
    (old,) = event_files(tmp_path)
    old.unlink()
    logs.write_steps(tmp_path, [1])
    (new,) = event_files(tmp_path)
    events = list(event_file_loader.EventFileLoader(str(new)).Load())
    assert [event.file_version for event in events[:1]] == ["brain.Event:2"]
    assert events[1].step == 1


def test_large_matrices_stay_out_of_the_event_file(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "confusion", 1)
    writer.submit(ConfusionRecord(0, {"validation": np.zeros((101, 101), int)}))
    writer.submit(ConfusionRecord(1, {"validation": np.zeros((100, 100), int)}))
    writer.close(10)
    (file,) = event_files(tmp_path)
    assert [event.step for event in event_file_loader.EventFileLoader(str(file)).Load()][1:] == [1]


def test_summaries_can_be_left_out(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, [0], summaries=False)
    assert event_files(tmp_path) == []


def test_a_long_remote_run_gets_several_event_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_file, "_REMOTE_BYTES", 1000)
    url = "memory://summaries/long"
    logs.write_steps(url, range(6))
    files = [entry for entry in open_store(url).entries() if "tfevents" in entry.name]
    assert len(files) > 1
    assert max(entry.size for entry in files) < 3000


def test_a_remote_run_has_its_event_file_after_closing() -> None:
    url = "memory://summaries/run"
    logs.write_steps(url, [0, 1])
    store = open_store(url)
    names = [entry.name for entry in store.entries() if "tfevents" in entry.name]
    assert len(names) == 1
    logs.write_steps(url, [2])
    data = store.read(names[0])
    steps, position = [], 0
    from tensorboard.compat.proto import event_pb2

    while position < len(data):
        (length,) = struct.unpack("<Q", data[position : position + 8])
        steps.append(event_pb2.Event.FromString(data[position + 12 : position + 12 + length]).step)
        position += 16 + length
    assert steps == [0, 0, 1, 2]
    assert event_file_of(store) is event_file_of(open_store(url))


def test_closed_remote_runs_hold_no_contents_of_event_files() -> None:
    gc.collect()
    before = held_buffers()
    writers = []
    for run in range(3):
        for tag in ("maps", "more"):
            writers.append(SeriesWriter(f"memory://summaries/held/{run}", tag, 1))
            writers[-1].submit(logs.record(0))
            assert writers[-1].drain(10)
    assert held_buffers() == before + 3
    for writer in writers[::2]:
        assert writer.close(10)
    assert held_buffers() == before + 3  # the other series of each run still writes
    for writer in writers[1::2]:
        assert writer.close(10)
    assert held_buffers() == before
    # A closed writer may go on, and with it the same file.
    writers[0].submit(logs.record(1))
    assert writers[0].close(10)
    assert [writer.failures for writer in writers] == [[]] * 6
    names = [entry.name for entry in open_store("memory://summaries/held/0").entries() if "tfevents" in entry.name]
    assert len(names) == 1
    assert held_buffers() == before


def held_buffers() -> int:
    """Buffers of event files in this process."""
    head = b"brain.Event:2"
    return sum(type(each) is io.BytesIO and head in each.getvalue()[:60] for each in gc.get_objects())
