"""`asyncclean clean`, the real program: the main job, its options, and every kind of bad input."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from asyncclean.transfer.journal import Journal, journal_path
from tests.cli.program import asyncclean

ROWS = [
    ["Customer ID", "First Name", "Last Name", "Email Address", "Postcode", "Note"],
    ["007", "SIOBHAN", "o'brien", "Siobhan@EXAMPLE.com ", "sw1a1aa", 'says "hi", twice\nand leaves'],
    ["008", "jean-luc", "PICARD", "not-an-email", "LS1 4AP", ""],
    ["009", "", "", "", "", "é 🙂 \u2028 end"],
]


def write_csv(path: Path, rows: list[list[str]] = ROWS) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read_csv(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_file_is_cleansed_by_the_embedded_server(tmp_path: Path) -> None:
    write_csv(tmp_path / "contacts.csv")
    said = asyncclean("clean", "contacts.csv", "-o", "cleaned.csv", cwd=tmp_path)
    assert said.status == 0, said.err
    rows = read_csv(tmp_path / "cleaned.csv")
    assert rows[0][: len(ROWS[0])] == ROWS[0]
    by_header = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [row["Customer ID"] for row in by_header] == ["007", "008", "009"]
    assert by_header[0]["Last Name"] == "O'Brien"
    assert by_header[0]["Email Address"].endswith("@example.com")
    assert by_header[0]["Postcode"] == "SW1A 1AA"
    assert [row["Note"] for row in by_header] == [row[-1] for row in ROWS[1:]]
    assert "3 records in cleaned.csv" in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cleaned.csv", "contacts.csv"]
    assert (tmp_path / "cleaned.csv").stat().st_mode & 0o777 == 0o600


def test_the_summary_in_json_has_every_figure(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "contacts.csv")
    said = asyncclean("clean", "contacts.csv", "-o", "out.csv", "--json", "--url", service, cwd=tmp_path)
    summary = said.summary
    assert said.status == 0
    assert {name: summary[name] for name in ("records_in", "records_out", "records_rejected", "blocks")} == {
        "records_in": 3,
        "records_out": 3,
        "records_rejected": 0,
        "blocks": 1,
    }
    assert summary["pages"] == 1
    assert summary["retries"] == 0
    assert isinstance(summary["seconds"], dict)
    assert {"upload", "job", "download"} <= set(summary["seconds"])
    assert {"dataset", "job", "outputs", "statistics", "checksum", "bounded_by"} <= set(summary)


@pytest.mark.parametrize(
    "suffix", ["csv", "tsv", "ndjson", "json", "parquet", "csv.gz", "csv.zst", "ndjson.gz", "json.zst"]
)
def test_every_format_goes_in_and_comes_out(tmp_path: Path, service: str, suffix: str) -> None:
    write_csv(tmp_path / "contacts.csv")
    common = ("--workflow", "PassThrough", "--url", service, "--quiet")
    there = asyncclean("clean", "contacts.csv", "-o", f"there.{suffix}", *common, cwd=tmp_path)
    assert there.status == 0, there.err
    back = asyncclean("clean", f"there.{suffix}", "-o", "back.csv", *common, cwd=tmp_path)
    assert back.status == 0, back.err
    assert read_csv(tmp_path / "back.csv") == ROWS


def test_types_are_those_asked_for(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv", [["id", "age"], ["01", "42"], ["02", ""]])
    said = asyncclean(
        *("clean", "in.csv", "-o", "out.parquet", "--workflow", "PassThrough", "--type", "age=int"),
        *("--url", service),
        cwd=tmp_path,
    )
    assert said.status == 0, said.err
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert frame.to_dict(as_series=False) == {"id": ["01", "02"], "age": [42, None]}


def test_bad_rows_go_to_the_rejects_file_and_the_rest_goes_on(tmp_path: Path, service: str) -> None:
    (tmp_path / "in.csv").write_text("id,name\n1,Ada\n2,Bob,extra\n3\n4,Eve\n")
    said = asyncclean(
        *("clean", "in.csv", "-o", "out.csv", "--workflow", "PassThrough", "--rejects", "bad.ndjson"),
        *("--url", service, "--json"),
        cwd=tmp_path,
    )
    assert said.status == 3, said.err
    assert said.summary["records_in"] == 4
    assert said.summary["records_rejected"] == 2
    assert read_csv(tmp_path / "out.csv") == [["id", "name"], ["1", "Ada"], ["4", "Eve"]]
    rejects = [orjson.loads(line) for line in (tmp_path / "bad.ndjson").read_bytes().splitlines()]
    assert [reject["line"] for reject in rejects] == [3, 4]
    assert all(reject["reason"] and reject["record"] for reject in rejects)


def test_too_many_rejects_stop_the_run_and_leave_nothing(tmp_path: Path, service: str) -> None:
    (tmp_path / "in.csv").write_text("id,name\n1,Ada\n2,Bob,extra\n3\n4,Eve\n")
    said = asyncclean(
        *("clean", "in.csv", "-o", "out.csv", "--rejects", "bad.ndjson", "--max-rejects", "25%"),
        *("--url", service),
        cwd=tmp_path,
    )
    assert said.status == 1
    assert "more than the limit of 25 %" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_mended_rejects_are_sent_on_their_own(tmp_path: Path, service: str) -> None:
    (tmp_path / "in.csv").write_text("Customer ID,name\n1,Ada\n2,Bob,extra\n3\n")
    first = ("--workflow", "PassThrough", "--url", service)
    said = asyncclean("clean", "in.csv", "-o", "out.csv", "--rejects", "bad.ndjson", *first, cwd=tmp_path)
    assert said.status == 3, said.err
    rejects = [orjson.loads(line) for line in (tmp_path / "bad.ndjson").read_bytes().splitlines()]
    for reject, name in zip(rejects, ["Bob", "Cyd"], strict=True):
        reject["record"] = {"Customer ID": reject["record"]["Customer ID"], "name": name}
    (tmp_path / "mended.ndjson").write_bytes(b"\n".join(map(orjson.dumps, rejects)))
    said = asyncclean("clean", "mended.ndjson", "-o", "rest.csv", "--from-rejects", *first, cwd=tmp_path)
    assert said.status == 0, said.err
    assert read_csv(tmp_path / "rest.csv") == [["Customer ID", "name"], ["2", "Bob"], ["3", "Cyd"]]


def test_a_dry_run_says_what_would_go_up_and_sends_nothing(tmp_path: Path) -> None:
    write_csv(tmp_path / "contacts.csv")
    said = asyncclean("clean", "contacts.csv", "--dry-run", cwd=tmp_path)
    assert said.status == 0, said.err
    assert "3 records" in said.err
    assert "customer_id: text  (from 'Customer ID')" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["contacts.csv"]


def test_a_dry_run_names_the_bad_rows_and_reads_mended_ones(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,name\n1,Ada\n2\n3,Cyd,4\n")
    said = asyncclean("clean", "in.csv", "--dry-run", "--rejects", "bad.ndjson", cwd=tmp_path)
    assert said.status == 3
    assert "3 records, 2 of them bad" in said.err
    assert "line 3: " in said.err
    assert "line 4: " in said.err
    row = {"file": "in.csv", "line": 3, "reason": "short", "record": {"id": "2", "name": "Bob"}}
    (tmp_path / "mended.ndjson").write_bytes(orjson.dumps(row) + b"\n")
    mended = asyncclean("clean", "mended.ndjson", "--dry-run", "--from-rejects", cwd=tmp_path)
    assert mended.status == 0, mended.err
    assert "1 record, 0 of them bad" in mended.err


def test_rejects_hold_bad_records_digit_by_digit(tmp_path: Path, service: str) -> None:
    bad = '{"id": 12345678901234567890123, "price": 1.10, "id": 2, "name": {"first": "Ada"}}'
    (tmp_path / "in.ndjson").write_text(f'{bad}\n{{"id": 1, "price": 2.5, "name": "Bob"}}\n')
    said = asyncclean(
        *("clean", "in.ndjson", "-o", "out.csv", "--rejects", "bad.ndjson", "--url", service),
        *("--workflow", "PassThrough"),
        cwd=tmp_path,
    )
    assert said.status == 3, said.err
    assert bad in (tmp_path / "bad.ndjson").read_text()


def test_several_files_go_under_their_own_names(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_csv(tmp_path / f"{name}.csv", [["id", "first_name"], [name, "ADA"]])
    said = asyncclean("clean", "*.csv", "--out-dir", "out", "--json", cwd=tmp_path)
    assert said.status == 0, said.err
    assert said.summary["records_out"] == 3
    for name in ("a", "b", "c"):
        assert read_csv(tmp_path / "out" / f"{name}.csv")[1][:2] == [name, "Ada"]
    assert names(tmp_path) == ["a.csv", "b.csv", "c.csv", "out"]
    assert names(tmp_path / "out") == ["a.csv", "b.csv", "c.csv"]


def test_several_files_get_the_suffix_of_their_new_format_and_a_folder_of_rejects(
    tmp_path: Path, service: str
) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,Ada\n2\n")
    (tmp_path / "b.csv").write_text("id,name\n1,Bob\n")
    said = asyncclean(
        *("clean", "a.csv", "b.csv", "--out-dir", "out", "--output-format", "ndjson", "--rejects", "bad"),
        *("--workflow", "PassThrough", "--url", service),
        cwd=tmp_path,
    )
    assert said.status == 3, said.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.ndjson", "b.ndjson"]
    assert orjson.loads((tmp_path / "out" / "a.ndjson").read_bytes()) == {"id": "1", "name": "Ada"}
    assert [path.name for path in (tmp_path / "bad").iterdir()] == ["a.csv.rejects.ndjson"]


def test_one_bad_file_of_several_does_not_stop_the_others(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "good.csv")
    (tmp_path / "bad.csv").write_text("id,name\n1\n")
    said = asyncclean("clean", "good.csv", "bad.csv", "--out-dir", "out", "--url", service, cwd=tmp_path)
    assert said.status == 1
    assert "bad.csv, line 2" in said.err
    assert names(tmp_path / "out") == ["clean.asyncclean-done", "good.csv"]


SEVERAL = ("clean", "good.csv", "bad.csv", "--out-dir", "out", "--workflow", "PassThrough")


@pytest.fixture
def half_done(tmp_path: Path) -> Path:
    """A command over two files, of which one was bad and is mended by now."""
    (tmp_path / "good.csv").write_text("id,name\n1,Ada\n2,Bob\n3\n")
    (tmp_path / "bad.csv").write_text('id,"name\n1\n')
    said = asyncclean(*SEVERAL, "--rejects", "rejects", cwd=tmp_path)
    assert said.status == 1
    assert said.err.count("1 of 2 files failed") == 1
    assert names(tmp_path / "out") == ["clean.asyncclean-done", "good.csv"]
    (tmp_path / "bad.csv").write_text("id,name\n7,Eve\n")
    return tmp_path


@pytest.mark.parametrize("more", [(), ("--force",)])
def test_several_files_again_are_only_those_that_are_left(half_done: Path, more: Sequence[str]) -> None:
    good, rejects = half_done / "out" / "good.csv", half_done / "rejects" / "good.csv.rejects.ndjson"
    rejects.write_text("mended meanwhile")
    before = good.stat()
    said = asyncclean(*SEVERAL, "--rejects", "rejects", *more, "--json", cwd=half_done)
    assert said.status == 3, said.err
    assert f"{good.relative_to(half_done)} is done already." in said.err
    runs: Any = said.summary["runs"]
    assert [run["records_out"] for run in runs] == [2, 1]
    assert [run["blocks_resumed"] for run in runs] == [1, 0]
    assert said.summary["records_rejected"] == 1
    assert good.stat() == before
    assert rejects.read_text() == "mended meanwhile"
    assert names(half_done / "out") == ["bad.csv", "good.csv"]


def test_rejects_may_be_set_aside_in_another_try(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("id,name\n1,Ada\n")
    (tmp_path / "bad.csv").write_text("id,name\n1,Bob\n2\n")
    said = asyncclean(*SEVERAL, cwd=tmp_path)
    assert said.status == 1
    assert "--rejects FILE" in said.err
    assert "partly done" in asyncclean("runs", cwd=tmp_path).out
    said = asyncclean(*SEVERAL, "--rejects", "rejects", cwd=tmp_path)
    assert said.status == 3, said.err
    assert names(tmp_path / "out") == ["bad.csv", "good.csv"]


def test_rejects_that_are_gone_are_not_told_of_as_if_they_were_there(half_done: Path) -> None:
    (half_done / "rejects" / "good.csv.rejects.ndjson").unlink()
    said = asyncclean(*SEVERAL, "--rejects", "rejects", cwd=half_done)
    assert said.status == 1
    assert "out/good.csv: it exists already" in said.err


def test_lines_of_the_list_that_are_torn_or_of_others_are_left_alone(half_done: Path) -> None:
    listed = half_done / "out" / "clean.asyncclean-done"
    other = listed.read_bytes().replace(b'"output":"good.csv"', b'"output":"other.csv"').strip()
    with listed.open("ab") as file:
        file.write(other + b'\n{"output":"bad.csv"}\n[1]\n\xff\n{"output":"ba')
    assert asyncclean(*SEVERAL, "--rejects", "rejects", cwd=half_done).status == 3
    assert listed.read_bytes() == other + b"\n"


@pytest.fixture
def taken_place(tmp_path: Path) -> Path:
    """An unfinished run in whose output's place something else is by now."""
    write_csv(tmp_path / "contacts.csv")
    (tmp_path / "out.csv").write_text("precious")
    journal = Journal(journal_path(tmp_path / "out.csv"))
    journal.put_all({"planned:Contacts": True})
    journal.close()
    return tmp_path


def test_what_a_user_put_in_an_output_s_place_meanwhile_is_not_overwritten(taken_place: Path) -> None:
    command = ("clean", "contacts.csv", "-o", "out.csv")
    said = asyncclean(*command, cwd=taken_place)
    assert said.status == 1
    assert "out.csv: it exists already" in said.err
    assert (taken_place / "out.csv").read_text() == "precious"
    assert asyncclean(*command, "--force", cwd=taken_place).status == 0


def test_a_done_output_that_was_changed_since_is_not_touched(half_done: Path) -> None:
    good = half_done / "out" / "good.csv"
    good.write_bytes(good.read_bytes().replace(b"Bob", b"Rob"))
    said = asyncclean(*SEVERAL, "--rejects", "rejects", cwd=half_done)
    assert said.status == 1
    assert "out/good.csv: it exists already" in said.err
    assert b"Rob" in good.read_bytes()
    assert asyncclean(*SEVERAL, "--rejects", "rejects", "--force", cwd=half_done).status == 3
    assert b"Bob" in good.read_bytes()
    assert names(half_done / "out") == ["bad.csv", "good.csv"]


def test_a_done_file_whose_input_changed_since_is_not_taken_for_done(half_done: Path) -> None:
    (half_done / "good.csv").write_text("id,name\n1,Zoe\n")
    said = asyncclean(*SEVERAL, cwd=half_done)
    assert said.status == 1
    assert "out/good.csv: it exists already" in said.err
    assert asyncclean(*SEVERAL, "--force", cwd=half_done).status == 0
    assert "Zoe" in (half_done / "out" / "good.csv").read_text()


def test_fresh_is_refused_before_it_drops_anything(taken_place: Path) -> None:
    said = asyncclean("clean", "contacts.csv", "-o", "out.csv", "--fresh", cwd=taken_place)
    assert said.status == 1
    assert "out.csv: it exists already" in said.err
    assert journal_path(taken_place / "out.csv").exists()


def test_an_output_that_exists_is_kept_unless_forced(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "contacts.csv")
    (tmp_path / "out.csv").write_text("precious")
    command = ("clean", "contacts.csv", "-o", "out.csv", "--url", service)
    said = asyncclean(*command, cwd=tmp_path)
    assert said.status == 1
    assert "out.csv: it exists already" in said.err
    assert "--force" in said.err
    assert (tmp_path / "out.csv").read_text() == "precious"
    assert asyncclean(*command, "--force", cwd=tmp_path).status == 0
    assert len(read_csv(tmp_path / "out.csv")) == 4


def test_a_header_without_rows_is_a_job_of_no_records(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,First Name\n")
    said = asyncclean("clean", "in.csv", "-o", "out.csv", "--json", cwd=tmp_path)
    assert said.status == 0, said.err
    assert said.summary["records_out"] == 0
    assert said.summary["statistics"] == {"records": 0}
    assert read_csv(tmp_path / "out.csv")[0][:2] == ["id", "First Name"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "in.csv: "),
        (b"", "empty"),
        (b"id,name\n1,Ada\n2,Bob,extra\n", "in.csv, line 3"),
        (b"id,name\n1,Ada\n2\n", "in.csv, line 3"),
        (b"id,name\n1,Ada\n2,B\xe9b\n", "in.csv, line 3"),
        (b'id,name\n1,"Ada\n2,Bob\n', "in.csv, line 2"),
    ],
)
def test_a_bad_csv_file_ends_in_one_clear_message(
    tmp_path: Path, service: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "in.csv").write_bytes(content)
    said = asyncclean("clean", "in.csv", "-o", "out.csv", "--url", service, cwd=tmp_path)
    assert said.status == 1, said.err
    assert message in said.err
    assert [path.name for path in tmp_path.iterdir()] == ([] if content is None else ["in.csv"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.ndjson", b'{"a":"1"}\n{"a":\n', "in.ndjson, line 2"),
        ("in.ndjson", b'{"a":"1"}\n[1]\n', "in.ndjson, line 2"),
        ("in.json", b'[{"a":"1"},\n{"a":}]', "in.json, line 2"),
        ("in.json", b'{"a":"1"}', "in.json"),
        ("in.parquet", b"PAR1 but not really", "in.parquet"),
        ("in.csv.gz", b"not gzip", "in.csv.gz"),
    ],
)
def test_other_bad_files_end_in_one_clear_message(
    tmp_path: Path, service: str, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    said = asyncclean("clean", name, "-o", "out.csv", "--url", service, cwd=tmp_path)
    assert said.status == 1, said.err
    assert message in said.err
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_wrong_usage_ends_with_status_2(tmp_path: Path) -> None:
    write_csv(tmp_path / "in.csv")
    for arguments in (
        ("clean",),
        ("clean", "in.csv"),
        ("clean", "in.csv", "-o", "in.csv"),
        ("clean", "in.csv", "in.csv", "-o", "out.csv"),
        ("clean", "in.csv", "-o", "out.xyz"),
        ("clean", "in.csv", "-o", "out.csv", "--concurrency", "0"),
        ("clean", "in.csv", "-o", "out.csv", "--type", "nope=int"),
        ("clean", "in.csv", "-o", "out.csv", "--type", "id"),
        ("clean", "in.csv", "-o", "out.csv", "--max-rejects", "1%"),
        ("clean", "nothing*.csv", "--out-dir", "out"),
        ("clean", "in.csv", "-o", "out.csv", "--url", "not a url"),
        ("upload", "in.csv", "--dataset", "x"),
        ("frobnicate",),
    ):
        said = asyncclean(*arguments, cwd=tmp_path)
        assert said.status == 2, (arguments, said.err)
        assert said.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_wrong_option_is_told_in_two_lines_like_any_error(tmp_path: Path) -> None:
    said = asyncclean("clean", "in.csv", "-o", "out.csv", "--rate", "abc", cwd=tmp_path)
    assert said.status == 2
    assert said.err == (
        "asyncclean: argument --rate: 'abc' is not a number above 0\n  `asyncclean clean --help` says more.\n"
    )


def test_an_output_that_cannot_be_written_is_explained(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv")
    said = asyncclean("clean", "in.csv", "-o", "nowhere/out.csv", "--url", service, cwd=tmp_path)
    assert said.status == 1
    assert "nowhere" in said.err
    (tmp_path / "folder").mkdir()
    said = asyncclean(
        "clean", "in.csv", "-o", "folder", "--output-format", "csv", "--url", service, cwd=tmp_path
    )
    assert said.status == 1
    assert "folder: is a folder" in said.err
    said = asyncclean("clean", "in.csv", "--out-dir", "in.csv/sub", cwd=tmp_path)
    assert said.status == 1
    assert "asyncclean itself" not in said.err
    (tmp_path / "file").touch()
    said = asyncclean("clean", "in.csv", "--out-dir", "file", cwd=tmp_path)
    assert said.status == 1
    assert "file: is a file" in said.err


def test_a_service_that_is_not_there_is_explained(tmp_path: Path) -> None:
    write_csv(tmp_path / "in.csv")
    said = asyncclean("clean", "in.csv", "-o", "out.csv", "--url", "http://127.0.0.1:9", cwd=tmp_path)
    assert said.status == 1
    assert "no connection" in said.err


def test_an_unknown_workflow_and_a_missing_column_are_explained(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv")
    said = asyncclean(
        "clean", "in.csv", "-o", "out.csv", "--workflow", "Nope", "--url", service, cwd=tmp_path
    )
    assert said.status == 1
    assert "ContactCleanse" in said.err
    write_csv(tmp_path / "odd.csv", [["colour"], ["red"]])
    said = asyncclean("clean", "odd.csv", "-o", "odd_out.csv", "--url", service, cwd=tmp_path)
    assert said.status == 1
    assert "Email" in said.err
    assert not (tmp_path / "odd_out.csv").exists()


def test_a_mistyped_workflow_costs_no_second_upload(tmp_path: Path, service: str) -> None:
    write_csv(tmp_path / "in.csv")
    command = ("clean", "in.csv", "-o", "out.csv", "--url", service, "--json", "--workflow")
    assert asyncclean(*command, "PassThru", cwd=tmp_path).status == 1
    said = asyncclean(*command, "PassThrough", cwd=tmp_path)
    assert said.status == 0, said.err
    assert said.summary["blocks_resumed"] == 1


def test_credentials_open_a_guarded_service(tmp_path: Path, guarded_service: str) -> None:
    write_csv(tmp_path / "in.csv")
    command = ("clean", "in.csv", "-o", "out.csv", "--url", guarded_service)
    said = asyncclean(*command, cwd=tmp_path)
    assert said.status == 1
    assert "401" in said.err
    variables = {"ASYNCCLEAN_CLIENT_ID": "me", "ASYNCCLEAN_ISSUER": guarded_service}
    said = asyncclean(*command, cwd=tmp_path, ASYNCCLEAN_CLIENT_SECRET="wrong-secret", **variables)
    assert said.status == 1
    assert "wrong-secret" not in said.err
    assert not (tmp_path / "out.csv").exists()
    said = asyncclean(*command, cwd=tmp_path, ASYNCCLEAN_CLIENT_SECRET="s&e+c/r%et", **variables)
    assert said.status == 0, said.err


def test_help_is_there_for_every_command(tmp_path: Path) -> None:
    for command in ("clean", "upload", "download", "serve", "runs", "bench"):
        said = asyncclean(command, "--help", cwd=tmp_path)
        assert said.status == 0
        assert "examples:" in said.out


def test_a_name_that_is_no_text_is_an_input_like_any_other(tmp_path: Path) -> None:
    name = os.fsdecode(b"bad\xff.csv")
    (tmp_path / name).write_text("id,name\n1,Ada\n2\n")
    said = asyncclean(
        *("clean", name, "-o", "out.csv", "--rejects", "bad.ndjson", "--workflow", "PassThrough", "--json"),
        cwd=tmp_path,
    )
    assert said.status == 3, said.err
    assert orjson.loads((tmp_path / "bad.ndjson").read_bytes())["file"] == r"bad\udcff.csv"
