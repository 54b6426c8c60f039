"""Every format is read, and every fault in a file is told with its line."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest

from headpond.errors import InputError
from headpond.evaluation.qrels import qrels_line, read_qrels
from headpond.evaluation.queries import read_queries
from headpond.evaluation.saved_run import is_run, read_run, write_run

TOPICS = """\
<top>
<num> Number: 301
<title> International Organized Crime

<desc> Description:
Identify organizations.
</top>
<top>
<num> Number: 302
<title> Poliomyelitis &amp; Post-Polio
</top>
"""
COVID = '<topics><topic number="1"><query>coronavirus origin</query><question>what is</question></topic></topics>'

QUERIES = {
    "topics.txt": (TOPICS, {"301": "International Organized Crime", "302": "Poliomyelitis & Post-Polio"}),
    "topics.xml": (COVID, {"1": "coronavirus origin"}),
    "queries.jsonl": (
        '{"_id": "1", "text": "a mill"}\n\n{"_id": 2, "text": "a  dam"}\n',
        {"1": "a mill", "2": "a dam"},
    ),
    "titles.jsonl": ('{"qid": "1", "title": "a mill"}\n', {"1": "a mill"}),
    "both.jsonl": ('{"qid": "1", "title": "Mills", "text": "a mill"}\n', {"1": "a mill"}),
    "queries.csv": ('qid,query\r\n1,"mills, old"\r\n2,"two\nlines"\r\n', {"1": "mills, old", "2": "two lines"}),
    "queries.tsv": ('query_id\ttext\n7\tthe "best mill\n', {"7": 'the "best mill'}),
    "marco.tsv": ("1048585\twhat is paula deen's brother\n", {"1048585": "what is paula deen's brother"}),
    "bom.csv": ("\ufeffid,text\n1,mühle\n", {"1": "mühle"}),
}


@pytest.mark.parametrize("name", QUERIES)
def test_queries_are_read(name: str, folder: Path) -> None:
    text, wanted = QUERIES[name]
    (folder / name).write_text(text, newline="")
    assert read_queries(folder / name) == wanted


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.jsonl", '{"_id": "1", "text": "x"}\n{"_id": "1", "text": "y"}\n', "a.jsonl:2: query '1' is there twice"),
        ("a.jsonl", '{"_id": "1", "text": "x"}\nnope\n', "a.jsonl:2: no JSON"),
        ("a.jsonl", '{"_id": "1", "text": "x"}\n[1]\n', "a.jsonl:2: not an object"),
        ("a.jsonl", '{"_id": "1", "text": " "}\n', "a.jsonl:1: query '1' has no text"),
        ("a.jsonl", '{"_id": null, "text": "x"}\n', "a.jsonl:1: the id or the text is no string"),
        ("a.jsonl", "{}\n", "a.jsonl:1: no column holds the query's id; the columns are: (none)"),
        ("a.jsonl", '{"text": "x"}\n', "a.jsonl:1: no column holds the query's id; the columns are: text"),
        ("a.jsonl", '{"id": "1", "query": "x", "text": "y"}\n', "not clear which column holds the query's text"),
        ("a.csv", "number,words\n1,x\n", "a.csv:1: no column holds the query's id; the columns are: number, words"),
        ("a.csv", "id,text\n1,x,y\n", "a.csv:2: 3 columns, the first line has 2"),
        ("a.csv", "id,text\n,x\n", "a.csv:2: a query without an id"),
        ("a.csv", 'id,text\n1,"x\n', "no separated values"),
        ("a.txt", "<top>\n<title> x\n</top>\n", "a.txt:1: a topic without a number"),
        ("a.txt", "\n<top>\n<num> 7\n</top>\n", "a.txt:2: topic 7 has no title"),
        ("a.txt", "<html></html>", "a.txt: there are no queries in it"),
        ("a.txt", "what is a mill\n", "a.txt:1: these are no queries in a known format"),
        ("a.txt", "", "a.txt: the file is empty"),
        ("a.txt", "\n \n", "a.txt: the file is empty"),
    ],
)
def test_wrong_queries_are_told_with_their_line(name: str, text: str, told: str, folder: Path) -> None:
    (folder / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read_queries(name)
    assert told in str(caught.value)


QRELS = {
    "qrels.txt": "301 0 FT911-3 1\n301 0 FT911-4 0\n302 0 a 2\n",
    "tabs.txt": "301\t0\tFT911-3\t1\n301\t0\tFT911-4\t0\n302\t0\ta\t2\n",
    "qrels.tsv": "query-id\tcorpus-id\tscore\n301\tFT911-3\t1\n301\tFT911-4\t0\n302\ta\t2\n",
    "qrels.csv": "grade,docno,topic\n1,FT911-3,301\n0,FT911-4,301\n2.0,a,302\n2,a,302\n",
}


@pytest.mark.parametrize("name", QRELS)
def test_judgments_are_read(name: str, folder: Path) -> None:
    (folder / name).write_text(QRELS[name])
    assert read_qrels(name) == {"301": {"FT911-3": 1, "FT911-4": 0}, "302": {"a": 2}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 0 a 1\n1 0 a 2\n", "q.txt:2: query '1', document 'a': judged 2 here, 1 before"),
        ("1 0 a 1\n1 0 a\n", "q.txt:2: 3 columns, not 4"),
        ("1 0 a yes\n", "q.txt:1: the grade 'yes' is no whole number"),
        ("1 0 a 0.5\n", "q.txt:1: the grade '0.5' is no whole number"),
        ("1 0 a nan\n", "q.txt:1: the grade 'nan' is no whole number"),
        ("1 Q0 a 1 7.5 bm25\n", "q.txt:1: six columns: this is a run, not judgments"),
        ("1 a 1\n", "q.txt:1: these are no judgments in a known format"),
        ("query-id\tdoc-id\n1\ta\n", "q.txt:1: no column holds the grade; the columns are: query-id, doc-id"),
        ("query-id,doc-id,score\n1,a\n", "q.txt:2: 2 columns, the header has 3"),
        ("query-id,doc-id,score\n1,,1\n", "q.txt:2: an id is missing"),
        ("query-id,doc-id,score\n", "q.txt: there are no judgments in it"),
        ("query-id,doc-id,docno,score\n1,a,b,1\n", "not clear which column holds the document's id: doc-id, docno"),
    ],
)
def test_wrong_judgments_are_told_with_their_line(text: str, told: str, folder: Path) -> None:
    (folder / "q.txt").write_text(text)
    with pytest.raises(InputError) as caught:
        read_qrels("q.txt")
    assert told in str(caught.value)


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_compressed_files_are_read(ending: str, pack: object, folder: Path) -> None:
    assert callable(pack)
    (folder / f"qrels.tsv{ending}").write_bytes(pack(QRELS["qrels.tsv"].encode()))
    assert read_qrels(f"qrels.tsv{ending}")["302"] == {"a": 2}


def test_files_that_cannot_be_read_are_told(folder: Path) -> None:
    (folder / "broken.gz").write_bytes(gzip.compress(b"1 0 a 1\n" * 500)[:-30])
    (folder / "latin.txt").write_bytes(b"1 0 a 1\n2 0 m\xfchle 1\n")
    (folder / "folder").mkdir()
    for name, told in [
        ("broken.gz", "broken.gz: cannot be read"),
        ("latin.txt", "latin.txt:2: not UTF-8"),
        ("folder", "folder: is a folder"),
        ("gone.txt", "gone.txt: there is no such file"),
    ]:
        with pytest.raises(InputError, match=told):
            read_qrels(name)


def test_a_run_is_written_and_read_with_its_order(folder: Path) -> None:
    # Hits behind a rerank window have the score of the hit above; a run that is ordered by score must not swap them.
    rankings = {"q": [("c", 2.0), ("b", 1.5), ("a", 1.5), ("d", 1.5), ("e", float("nan"))], "empty": []}
    write_run("r.trec", rankings, "my run")
    tag, found = read_run("r.trec")
    assert tag == "my-run"
    assert [document for document, _ in found["q"]] == ["c", "b", "a", "d", "e"]
    scores = [score for _, score in found["q"]]
    assert scores == sorted(set(scores), reverse=True)
    assert is_run("r.trec")


def test_a_run_is_ordered_by_score_and_then_by_rank(folder: Path) -> None:
    (folder / "r.txt").write_text("1 Q0 a 3 1.0 t\n1 Q0 b 2 1.0 t\n1 Q0 c 1 0.5 t\n1 Q0 d 4 9 t\n")
    assert [document for document, _ in read_run("r.txt")[1]["1"]] == ["d", "b", "a", "c"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 Q0 a 1 1.0 t\n1 Q0 a 2 0.5 t\n", "r.txt:2: query '1' has document 'a' twice"),
        ("1 Q0 a 1 1.0 t\n1 Q0 b 2\n", "r.txt:2: 4 columns, not 6"),
        ("1 Q0 a 1 high t\n", "r.txt:1: the score 'high' is no number"),
        ("1 Q0 a first 1.0 t\n", "r.txt:1: the rank 'first' is no number"),
        ("", "r.txt: the file is empty"),
    ],
)
def test_wrong_runs_are_told_with_their_line(text: str, told: str, folder: Path) -> None:
    (folder / "r.txt").write_text(text)
    with pytest.raises(InputError) as caught:
        read_run("r.txt")
    assert told in str(caught.value)


def test_ids_that_the_formats_cannot_carry_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="white space"):
        write_run("r.trec", {"q": [("two words", 1.0)]}, "t")
    with pytest.raises(InputError, match="white space"):
        qrels_line("", "a", 1)
    with pytest.raises(InputError, match="cannot be written"):
        write_run("gone/r.trec", {"q": [("a", 1.0)]}, "t")


@pytest.mark.parametrize("line", ["1 Q0 d x 1.5 t", "1 Q0 d 1 nan t"])
def test_a_run_whose_first_line_is_wrong_is_still_read_as_a_run(line: str, folder: Path) -> None:
    (folder / "r.trec").write_text(line + "\n")
    assert is_run("r.trec")
    with pytest.raises(InputError, match=r"r\.trec:1: the (rank 'x'|score 'nan') is no number"):
        read_run("r.trec")


def test_a_pipeline_file_is_no_run(folder: Path) -> None:
    (folder / "p.yaml").write_text("description: words and more words here\n")
    assert not is_run("p.yaml")
    assert not is_run("gone.trec")
