"""`asyncclean upload`, `download`, `runs`, `serve` and `bench`, the real program."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.program import asyncclean, environment
from tests.cli.test_clean import read_csv, write_csv


def test_upload_creates_fills_and_completes_a_dataset(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv")
    command = ("upload", "in.csv", "--dataset", "uploaded_once", "--url", service, "--json")
    said = asyncclean(*command, cwd=tmp_path)
    assert said.status == 0, said.err
    assert said.summary["records_accepted"] == 3
    assert said.summary["completed"] is True
    again = asyncclean(*command, cwd=tmp_path)
    assert again.status == 2
    assert "'uploaded_once' is there already" in again.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_upload_can_leave_the_dataset_open(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv")
    said = asyncclean(
        "upload",
        "in.csv",
        "--dataset",
        "left_open",
        "--no-complete",
        "--url",
        service,
        "--json",
        cwd=tmp_path,
    )
    assert said.status == 0, said.err
    assert said.summary["completed"] is False


def test_download_brings_an_output_dataset_into_any_format(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv", [["id", "name"], *([f"{i:05}", f"n{i}"] for i in range(2500))])
    said = asyncclean(
        *("clean", "in.csv", "-o", "out.csv", "--workflow", "PassThrough", "--job", "for_download"),
        *("--url", service, "--json"),
        cwd=tmp_path,
    )
    assert said.status == 0, said.err
    dataset = asyncclean("runs", cwd=tmp_path)
    assert "No unfinished runs" in dataset.err
    from_job = _output_of("for_download", service)
    said = asyncclean("download", from_job, "-o", "again.csv", "--verify", "--url", service, cwd=tmp_path)
    assert said.status == 0, said.err
    assert read_csv(tmp_path / "again.csv") == read_csv(tmp_path / "in.csv")
    said = asyncclean("download", "no_such_dataset", "-o", "no.csv", "--url", service, cwd=tmp_path)
    assert said.status == 1
    assert "no_such_dataset" in said.err
    assert not (tmp_path / "no.csv").exists()


def _output_of(job: str, service: str) -> str:
    import json  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    with urllib.request.urlopen(f"{service}/Job/{job}") as answer:
        outputs = json.load(answer)["outputDatasets"]
    return str(next(iter(outputs.values())))


def test_an_interrupted_run_is_listed_goes_on_and_can_be_forgotten(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv", [["id", "name"], *([str(i), "x"] for i in range(60_000))])
    command = ("clean", "in.csv", "-o", "out.csv", "--workflow", "PassThrough", "--url", service)
    # Four requests a second: slow enough to be interrupted in mid-upload.
    with subprocess.Popen(
        [sys.executable, "-m", "asyncclean", *command, "--rate", "4"],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        journal = tmp_path / "out.csv.asyncclean"
        deadline = time.monotonic() + 60
        while not (journal.exists() and journal.stat().st_size > 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert "goes on where this one stopped" in process.stderr.read()
    assert not (tmp_path / "out.csv").exists()
    listed = asyncclean("runs", cwd=tmp_path)
    assert "out.csv: uploading" in listed.out
    assert asyncclean("runs", ".", cwd=tmp_path).out == listed.out
    changed = asyncclean(*command, "--max-block-bytes", "1M", cwd=tmp_path)
    assert changed.status == 1
    assert "max_block_bytes was 4194304 and is 1048576" in changed.err
    went_on = asyncclean(*command, "--json", cwd=tmp_path)
    assert went_on.status == 0, went_on.err
    assert "Going on with the unfinished run" in went_on.err
    assert went_on.summary["blocks_resumed"] != 0
    assert read_csv(tmp_path / "out.csv") == read_csv(tmp_path / "in.csv")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="it is seen in /proc what is imported")
def test_ctrl_c_while_it_is_still_starting_ends_it(tmp_path: Path, service: str) -> None:
    """polars, once it is imported, would take the signal and do nothing."""
    write_csv(tmp_path / "in.csv", [["id"], *([str(number)] for number in range(200_000))])
    command = [sys.executable, "-m", "asyncclean", "clean", "in.csv", "-o", "out.csv", "--url", service]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE) as process:
        maps = Path(f"/proc/{process.pid}/maps")
        while "_polars_runtime" not in maps.read_text():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (-signal.SIGINT, 130)
    assert not (tmp_path / "out.csv").exists()


def test_forgetting_a_run_removes_its_traces(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv")
    command = ("clean", "in.csv", "-o", "out.csv", "--url", service, "--workflow")
    assert asyncclean(*command, "Nope", cwd=tmp_path).status == 1
    assert (tmp_path / "out.csv.asyncclean").exists()
    assert asyncclean("runs", "forget", "out.csv", cwd=tmp_path).status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert asyncclean("runs", "forget", "out.csv", cwd=tmp_path).status == 2


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_serve_refuses_other_addresses_without_credentials(tmp_path: Path) -> None:
    said = asyncclean("serve", "--host", "0.0.0.0", "--port", "0", cwd=tmp_path)
    assert said.status == 2
    assert "credentials" in said.err


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_serve_says_what_clients_need_where_it_asks_for_credentials(tmp_path: Path) -> None:
    variables = environment(ASYNCCLEAN_CLIENT_ID="me", ASYNCCLEAN_CLIENT_SECRET="hush-hush")
    command = [sys.executable, "-m", "asyncclean", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        first, second = server.stderr.readline(), server.stderr.readline()
        server.terminate()
        rest = server.stderr.read()
    url = first.removeprefix("Serving on ").split()[0]
    assert f"ASYNCCLEAN_ISSUER={url}" in second
    assert "hush-hush" not in first + second + rest


def test_bench_measures_a_service(tmp_path: Path, service: str) -> None:
    said = asyncclean(
        *("bench", "--url", service, "--seconds", "0.3", "--levels", "1,4", "--records", "100"),
        *("--plot", "bench.png", "--json"),
        cwd=tmp_path,
    )
    assert said.status == 0, said.err
    levels = said.summary["levels"]
    assert isinstance(levels, list)
    assert [level["concurrency"] for level in levels] == [1, 4]
    assert said.summary["records_per_second"] > 0  # type: ignore[operator]
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
