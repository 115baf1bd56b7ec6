"""The thread that does jobs in order."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
import time

import pytest

from tb_attention.records.writing.background import Background


class Errors(list):
    """A listener that can be pickled."""

    def __call__(self, error: Exception) -> None:
        self.append(str(error))


def test_jobs_are_done_in_order_and_drained() -> None:
    done: list[int] = []
    background = Background(Errors(), max_jobs=100)
    for index in range(20):
        assert background.put(lambda index=index: done.append(index))
    assert background.drain(10)
    assert done == list(range(20))
    assert background.close(10)


def test_a_full_queue_refuses_after_the_timeout_and_takes_again_later() -> None:
    gate = threading.Event()
    background = Background(Errors(), max_jobs=2)
    assert background.put(lambda: gate.wait(10) and None)
    assert background.put(lambda: None)
    started = time.monotonic()
    assert background.put(lambda: None, timeout=0.05) is False
    assert 0.04 < time.monotonic() - started < 5
    assert background.drain(0.01) is False
    gate.set()
    assert background.put(lambda: None, timeout=10)
    assert background.close(10)


def test_memory_is_bounded_but_one_large_job_is_taken() -> None:
    gate = threading.Event()
    background = Background(Errors(), max_jobs=10, max_bytes=100)
    assert background.put(lambda: gate.wait(10) and None, size=1000)
    assert background.put(lambda: None, size=1, timeout=0.02) is False
    gate.set()
    assert background.put(lambda: None, size=60, timeout=10)
    assert background.close(10)


def test_a_failure_is_reported_and_does_not_end_the_thread() -> None:
    errors = Errors()
    done: list[str] = []
    background = Background(errors)

    def fail() -> None:
        raise OSError("the disk is full")

    background.put(fail)
    background.put(lambda: done.append("next"))
    assert background.close(10)
    assert errors == ["the disk is full"]
    assert done == ["next"]


def test_a_listener_that_raises_does_not_end_the_thread() -> None:
    done: list[str] = []

    def listen(error: Exception) -> None:
        raise RuntimeError("a warning made an error") from error

    background = Background(listen)
    background.put(lambda: 1 / 0)
    background.put(lambda: done.append("next"))
    assert background.close(10)
    assert done == ["next"]


def test_the_latest_of_its_kind_replaces_the_earlier_and_never_waits() -> None:
    gate = threading.Event()
    done: list[int] = []
    background = Background(Errors(), max_jobs=1)
    background.put(lambda: gate.wait(10) and None)
    for index in range(5):
        background.put_latest(lambda index=index: done.append(index))
    gate.set()
    assert background.close(10)
    assert done[-1] == 4
    assert len(done) == 1


def test_it_can_be_copied_and_pickled_before_the_first_job_and_used_after_closing() -> None:
    background = pickle.loads(pickle.dumps(copy.deepcopy(Background(Errors()))))
    for _ in range(2):
        done = threading.Event()
        background.put(done.set)
        assert background.close(10)
        assert done.is_set()
    assert pickle.loads(pickle.dumps(background)) is not None


def test_jobs_that_wait_at_exit_are_done(tmp_path: object) -> None:
    script = (
        "import time; from tb_attention.records.writing.background import Background\n"
        "b = Background(print)\n"
        "[b.put(lambda n=n: (time.sleep(0.05), print(n, flush=True))) for n in range(3)]"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert out.stdout.split() == ["0", "1", "2"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_process_starts_its_own_thread() -> None:
    script = (
        "import os; from tb_attention.records.writing.background import Background\n"
        "b = Background(print); b.put(lambda: None); b.drain(5)\n"
        "pid = os.fork()\n"
        "b.put(lambda: print('child' if pid == 0 else 'parent', flush=True)); assert b.drain(5)\n"
        "if pid: os.waitpid(pid, 0)\n"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert sorted(out.stdout.split()) == ["child", "parent"]
