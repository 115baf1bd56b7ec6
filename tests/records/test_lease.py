"""One writer for each attempt: the second gets its own, and takes over only what is certainly or silently dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_attention import AttentionWriter, load
from tb_attention.errors import AttentionWarning, LogError
from tb_attention.records.store.opening import open_store
from tb_attention.records.writing import lease as leases
from tb_attention.records.writing.attempt_start import begin_attempt, join_attempt
from tb_attention.records.writing.lease import Lease, Owner, newest_lease, take_lease

from .logs import attempt_directory, write_steps

DIRECTORY = "plugins/attention/attention/1"
WEIGHTS = {"site": np.full((1, 1, 2, 2), 0.5, np.float32)}


def claim(place: str, *, number: int = 1, age: float = 0.0, **changes: Any) -> None:
    """Writes a lease as another machine's process would have done."""
    store = open_store(place)
    fields = {"host": "node7", "process": 4711, "machine": "ffffffff", "id": "other", "beat": 5.0, "schema": 1}
    content = json.dumps(fields | {"updated": time.time() - age} | changes).encode()
    store.replace(f"{DIRECTORY}/writer-{number}.json", lambda file: file.write(content) and None)


def lease_names(place: str) -> list[str]:
    return [entry.name for entry in open_store(place).entries(DIRECTORY) if entry.name.startswith("writer")]


def test_a_lease_names_its_owner_and_goes_when_it_is_released(place: str) -> None:
    store = open_store(place)
    lease = take_lease(store, DIRECTORY)
    assert isinstance(lease, Lease)
    held = json.loads(store.read(f"{DIRECTORY}/writer-1.json"))
    assert held["process"] == os.getpid()
    assert time.time() - held["updated"] < 5
    lease.release()
    assert lease_names(place) == []


def test_what_another_machine_holds_is_refused_by_name_until_it_is_silent(place: str) -> None:
    store = open_store(place)
    claim(place, age=20)
    assert take_lease(store, DIRECTORY) == Owner("node7", 4711)
    claim(place, age=31)
    assert isinstance(take_lease(store, DIRECTORY), Lease)
    assert lease_names(place) == ["writer-2.json"]


def test_a_slow_beat_is_waited_for_longer(place: str) -> None:
    claim(place, age=170, beat=30.0)
    assert isinstance(take_lease(open_store(place), DIRECTORY), Owner)
    claim(place, age=190, beat=30.0)
    assert isinstance(take_lease(open_store(place), DIRECTORY), Lease)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"host": 3}', b'{"updated": "NaN"}', b"\xff" * 100])
def test_a_lease_that_cannot_be_read_is_dead_when_it_is_old(tmp_path: Path, content: bytes) -> None:
    store = open_store(tmp_path)
    path = attempt_directory(tmp_path) / "writer-1.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert isinstance(take_lease(store, DIRECTORY), Owner)
    os.utime(path, (1, 1))
    assert isinstance(take_lease(store, DIRECTORY), Lease)


def test_a_process_may_hold_a_lease_twice_and_the_last_release_counts(place: str) -> None:
    store = open_store(place)
    first, second = take_lease(store, DIRECTORY), take_lease(store, DIRECTORY)
    assert isinstance(first, Lease)
    assert isinstance(second, Lease)
    first.release()
    assert lease_names(place) == ["writer-1.json"]
    second.release()
    assert lease_names(place) == []


def test_of_many_that_find_a_dead_owner_one_takes_over(tmp_path: Path) -> None:
    claim(str(tmp_path), age=100)
    program = (
        "import sys; from tb_attention.records.store.opening import open_store\n"
        "from tb_attention.records.writing.lease import take_lease, Lease\n"
        "sys.stdin.readline(); lease = take_lease(open_store(sys.argv[1]), sys.argv[2])\n"
        "print(isinstance(lease, Lease), flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", program, str(tmp_path), DIRECTORY]
    several = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(4)
    ]
    for each in several:
        assert each.stdin is not None
        each.stdin.write("go\n")
    answers = [each.stdout.readline().strip() for each in several if each.stdout is not None]
    for each in several:
        each.communicate("end\n", timeout=30)
    assert sorted(answers) == ["False", "False", "False", "True"]


@pytest.fixture
def beating(monkeypatch: pytest.MonkeyPatch) -> Callable[[Lease], None]:
    """Makes a lease beat now."""

    def beat(lease: Lease) -> None:
        lease._beaten = float("-inf")
        lease.beat()

    return beat


def test_a_beat_says_that_the_owner_lives(place: str, beating: Callable[[Lease], None]) -> None:
    store = open_store(place)
    lease = take_lease(store, DIRECTORY)
    assert isinstance(lease, Lease)
    before = newest_lease(store, DIRECTORY)
    time.sleep(0.01)
    beating(lease)
    after = newest_lease(store, DIRECTORY)
    assert before is not None
    assert after is not None
    assert before[1] is not None
    assert after[1] is not None
    assert after[1].updated > before[1].updated
    lease.check()


def test_a_beat_does_not_change_the_time_of_a_directory(tmp_path: Path, beating: Callable[[Lease], None]) -> None:
    lease = take_lease(open_store(tmp_path), DIRECTORY)
    assert isinstance(lease, Lease)
    os.utime(tmp_path / DIRECTORY, (1, 1))
    beating(lease)
    assert (tmp_path / DIRECTORY).stat().st_mtime == 1


def test_an_owner_that_was_silent_writes_no_more_once_another_has_taken_over(
    place: str, beating: Callable[[Lease], None]
) -> None:
    lease = take_lease(open_store(place), DIRECTORY)
    assert isinstance(lease, Lease)
    open_store(place).remove(f"{DIRECTORY}/writer-1.json")
    claim(place, number=2)
    beating(lease)
    with pytest.raises(LogError, match="process 4711 on node7 has taken over"):
        lease.check()
    lease.release()
    assert lease_names(place) == ["writer-2.json"]


def test_a_lease_comes_back_where_the_directory_was_emptied(place: str, beating: Callable[[Lease], None]) -> None:
    lease = take_lease(open_store(place), DIRECTORY)
    assert isinstance(lease, Lease)
    open_store(place).remove(lease.path)
    beating(lease)
    assert lease_names(place) == []  # an emptied directory stays empty until something is written
    lease.check()
    assert lease_names(place) == ["writer-1.json"]


def test_a_lease_that_nothing_holds_is_not_renewed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    lease = take_lease(store, DIRECTORY)
    assert lease in leases._held
    del lease
    assert not [each for each in leases._held if each.url == store.url]


def test_a_resumed_training_beside_a_living_one_gets_an_attempt_and_knows_the_other(place: str) -> None:
    with AttentionWriter(place) as writer:
        for step in range(4):
            writer.write(step, WEIGHTS, epoch=step, batch=10 * (step + 1))
    claim(place)
    beginning = begin_attempt(place, "attention", 2)
    assert (beginning.attempt, beginning.continued, beginning.batches) == (2, False, 20)
    assert beginning.refused is not None
    assert "process 4711 on node7) writes attempt 1 of 'attention' in" in beginning.refused
    assert beginning.refused.endswith("attempt 2.")
    assert load(place).steps == [0, 1, 2, 3]
    assert isinstance(take_lease(open_store(place), "plugins/attention/attention/2"), Lease)


def test_a_writer_of_a_held_attempt_warns_once_and_writes_its_own(place: str) -> None:
    with AttentionWriter(place) as writer:
        writer.write(0, WEIGHTS)
    claim(place)
    with AttentionWriter(place, attempt=1) as writer:
        with pytest.warns(AttentionWarning, match="process 4711 on node7") as warned:
            writer.write(5, WEIGHTS)
        writer.write(6, WEIGHTS)
        assert writer.attempt == 2
    assert len(warned) == 1
    assert load(place, attempt=1).steps == [0]
    assert load(place, attempt=2).steps == [5, 6]


def test_a_writer_that_was_replaced_says_so_and_leaves_the_attempt_alone(
    place: str, beating: Callable[[Lease], None]
) -> None:
    writer = AttentionWriter(place)
    writer.write(0, WEIGHTS)
    writer.flush()
    (lease,) = [each for each in leases._held if each.url == open_store(place).url]
    open_store(place).remove(lease.path)
    claim(place, number=2)
    beating(lease)
    del lease
    before = open_store(place).entries(DIRECTORY)
    writer.write(1, WEIGHTS)
    with pytest.raises(LogError, match=r"Step 1 .* process 4711 on node7 has taken over"):
        writer.close()
    assert open_store(place).entries(DIRECTORY) == before


def test_readers_ignore_leases(place: str) -> None:
    with AttentionWriter(place) as writer:
        writer.write(0, WEIGHTS)
        writer.flush()
        assert lease_names(place) == ["writer-1.json"]
        log = load(place)
        assert (log.tags, log.attempts, log.steps, log.damaged) == (["attention"], [1], [0], [])
    assert lease_names(place) == []


CHILD = """
import sys, time
import numpy as np
from tb_attention import AttentionWriter
writer = AttentionWriter(sys.argv[1], attempt=int(sys.argv[2]) or None)
for step in range(int(sys.argv[3]), 10**6):
    writer.write(step, {"site": np.full((1, 1, 2, 2), 0.5, np.float32)}, epoch=step)
    writer.flush()
    print(step, writer.attempt, flush=True)
    time.sleep(0.05)
"""


def start_child(directory: Path | str, attempt: int, step: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "always", "-c", CHILD, str(directory), str(attempt), str(step)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def attempt_of(child: subprocess.Popen[str]) -> int:
    """The attempt that a child writes, once its first step is on disk."""
    assert child.stdout is not None
    return int(child.stdout.readline().split()[1])


def check_two_writers(place: Path | str) -> None:
    """Two processes write two attempts, the second warns and names the first, and a killed one is continued at once."""
    first = start_child(place, 0, 0)
    assert attempt_of(first) == 1
    second = start_child(place, 1, 100)
    assert attempt_of(second) == 2
    second.kill()
    _, printed = second.communicate()
    assert printed.count("AttentionWarning") == 1
    assert f"process {first.pid} on " in printed
    assert max(load(place, attempt=1).steps) < 100
    assert min(load(place, attempt=2).steps) == 100
    first.send_signal(signal.SIGKILL)
    first.communicate()
    third = start_child(place, 1, 200)
    assert attempt_of(third) == 1
    third.kill()
    _, printed = third.communicate()
    assert "AttentionWarning" not in printed
    assert join_attempt(place, "attention", 1).refused is None
    assert 200 in load(place, attempt=1).steps


def test_two_processes_write_two_attempts_and_a_killed_one_is_continued_at_once(tmp_path: Path) -> None:
    check_two_writers(tmp_path)


def test_many_that_start_at_once_write_attempts_of_their_own(tmp_path: Path) -> None:
    write_steps(tmp_path, [0, 1])
    children = [start_child(tmp_path, 1, 100 * place) for place in range(1, 4)]
    attempts = [attempt_of(child) for child in children]
    for child in children:
        child.kill()
        child.communicate()
    assert sorted(attempts) == [1, 2, 3]
