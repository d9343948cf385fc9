"""Jobs: what the page says about a task must be true after every kind of end."""

import os
import signal
import sys
import time

import pytest

from chatbot.core.errors import InputError, JobError
from chatbot.core.events import JobWriter, Metrics
from chatbot.core.jobs import Job, claim, in_foreground, list_jobs, start

STEPS = """
import sys, time
from chatbot.core.events import JobWriter, Note, Progress
writer = JobWriter(sys.argv[1])
print("begin")
for step in range(int(sys.argv[2])):
    if writer.should_stop():
        writer.event(Note(text=f"saved at {step}"))
        break
    writer.event(Progress(done=step, total=int(sys.argv[2])))
    time.sleep(0.05)
"""


def steps(n):
    return [sys.executable, "-c", STEPS, "{job}", str(n)]


def wait_for(claimed, seconds=20.0):
    end = time.monotonic() + seconds
    while not claimed():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def running(job):
    wait_for(lambda: any(job.events()))
    return job


def test_a_finished_job_is_done_and_its_events_and_log_are_whole(tmp_path):
    job = start("demo", {"n": 3}, steps(3), tmp_path)
    assert job.wait(20) == "done"
    assert [event.done for event in job.events()] == [0, 1, 2]
    assert job.log_tail() == "begin"
    assert job.config == {"n": 3}


def test_a_command_that_fails_is_failed_and_its_last_words_are_in_the_log(tmp_path):
    job = start("demo", {}, [sys.executable, "-c", "raise SystemExit('no such data')"], tmp_path)
    assert job.wait(20) == "failed"
    assert "no such data" in job.log_tail(5)


def test_a_command_that_fails_leaves_its_error_in_both_languages_until_it_is_run_again(tmp_path):
    argv = [sys.executable, "-m", "chatbot", "split", str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "out")]
    job = start("demo", {}, argv, tmp_path / "jobs")
    assert job.wait(60) == "failed"
    assert job.error("zh") == "读不出文件 none.jsonl：没有这个文件。请检查文件是否完整，再选一次"
    assert job.error("en").startswith("none.jsonl could not be read: there is no such file.")
    (tmp_path / "none.jsonl").touch()
    job.resume()
    assert job.wait(60) == "done", job.log_tail()
    assert job.error("zh") == ""


def test_a_stop_is_said_at_once_and_lets_the_task_save(tmp_path):
    job = running(start("demo", {}, steps(2000), tmp_path))
    assert job.state == "running"
    job.stop()
    assert job.state in ("stopping", "stopped")
    assert job.wait(20) == "stopped"
    assert list(job.events())[-1].text.startswith("saved at")


def test_a_killed_job_is_told_as_died_though_nobody_reaped_it(tmp_path):
    job = running(start("demo", {}, steps(2000), tmp_path))
    job.kill()
    assert job.wait(5) == "died"


def test_a_task_that_outlives_its_killed_supervisor_still_counts_as_running(tmp_path):
    job = running(start("demo", {}, steps(60), tmp_path))
    os.kill(job.status["pid"], signal.SIGKILL)
    time.sleep(0.3)
    assert job.state == "running"
    with pytest.raises(JobError, match="in use"):
        job.resume()
    assert job.wait(20) == "died"


def test_a_resumed_job_goes_on_in_the_same_folder(tmp_path):
    job = running(start("demo", {}, steps(2000), tmp_path))
    job.kill()
    job.wait(5)
    torn = (job.folder / "events.jsonl").read_text() + '{"step": 7, "lo'
    (job.folder / "events.jsonl").write_text(torn)
    before = len(list(job.events()))
    job.resume()
    wait_for(lambda: len(list(job.events())) > before)
    assert job.state == "running" and job.status["attempt"] == 2
    job.kill()


def test_two_jobs_that_need_one_device_run_one_after_the_other(tmp_path):
    first = running(start("demo", {}, steps(10), tmp_path, resource="cuda:0"))
    second = start("demo", {}, steps(1), tmp_path, resource="cuda:0")
    third = start("demo", {}, steps(1), tmp_path, resource="cuda:0")
    assert second.state == "queued"
    third.stop()
    assert third.wait(20) == "stopped" and not list(third.events())
    assert second.wait(20) == "done" and first.state == "done"
    assert next(second.events()).time > list(first.events())[-1].time


def test_a_claimed_device_is_refused_to_others(tmp_path):
    with claim(tmp_path, "cpu"), pytest.raises(JobError), claim(tmp_path, "cpu"):
        pass
    with claim(tmp_path, "cpu"):
        pass


def test_jobs_are_listed_newest_first_and_by_kind(tmp_path):
    jobs = [start(kind, {}, steps(0), tmp_path) for kind in ("a", "b", "a")]
    assert [job.id for job in list_jobs(tmp_path, "a")] == [jobs[2].id, jobs[0].id]
    for job in jobs:
        job.wait(20)


def test_a_folder_without_a_job_is_refused(tmp_path):
    with pytest.raises(JobError, match="no job"):
        Job(tmp_path)


def test_an_event_must_be_json(tmp_path):
    with pytest.raises(ValueError, match="finite number"):
        JobWriter(tmp_path).event(Metrics(step=1, figures={"loss": float("nan")}))


def test_a_job_that_a_person_runs_in_their_own_process_is_told_as_truly_as_a_started_one(tmp_path):
    with in_foreground(tmp_path, "demo"):
        assert Job(tmp_path).state == "running"
        with pytest.raises(JobError, match="in use"), in_foreground(tmp_path, "demo"):
            pass
    assert Job(tmp_path).state == "done"
    with pytest.raises(InputError), in_foreground(tmp_path, "demo"):
        raise InputError("ui.no_data")
    assert Job(tmp_path).state == "failed" and "no data was chosen" in Job(tmp_path).error("en")
