"""Kaggle's layout with every trap: organised, checked, divided, summed up; killed and resumed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from core import images
from core.settings import ROOT, settings
from training.__main__ import app
from training.cli import dataset as dataset_commands
from training.data import check, dataset, organise, split

DURERS = ("Albrecht_DuΓòá├¬rer", "Albrecht_Du╠êrer")
COUNT = 12  # paintings of each artist
SPLITS = ("train", "val", "test")


def painted(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A smooth random field: it has shapes that perceptual hashes can tell apart."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def make_kaggle(root: Path) -> Path:
    """The layout of Best Artworks of All Time, with the traps named in the comments."""
    full, resized = root / "images" / "images", root / "resized" / "resized"
    resized.mkdir(parents=True)

    def put(folder: str, name: str, image: Image.Image) -> None:
        (full / folder).mkdir(parents=True, exist_ok=True)
        (full / folder / name).write_bytes(jpeg(image))
        (resized / name).write_bytes(jpeg(image.resize((160, 120)), 80))

    for a, artist in enumerate(("Vincent_van_Gogh", "Gustav_Klimt", DURERS[0])):
        for n in range(1, COUNT + 1):
            put(artist, f"{artist}_{n}.jpg", painted(100 * a + n))
    klimt = full / "Gustav_Klimt"
    # Truncated at full size; a text twice over; a text whose resized copy is a picture.
    whole = (klimt / "Gustav_Klimt_3.jpg").read_bytes()
    (klimt / "Gustav_Klimt_3.jpg").write_bytes(whole[: len(whole) // 2])
    for path in (klimt / "Gustav_Klimt_4.jpg", resized / "Gustav_Klimt_4.jpg"):
        path.write_text("<html>Not found</html>")
    (klimt / "Gustav_Klimt_5.jpg").write_text("<html>Not found</html>")
    # The same painting again: encoded anew, cropped, the very same bytes.
    (klimt / "Gustav_Klimt_6.jpg").write_bytes(jpeg(painted(101), 40))
    cropped = painted(102).crop((12, 9, 310, 233)).resize((300, 260))
    (klimt / "Gustav_Klimt_7.jpg").write_bytes(jpeg(cropped))
    (klimt / "Gustav_Klimt_8.jpg").write_bytes((klimt / "Gustav_Klimt_9.jpg").read_bytes())
    # Dürer once more: the same bytes, but for one encoded anew and one really different;
    # one is damaged in the first folder, one in the second.
    for n in range(1, COUNT + 1):
        (full / DURERS[1]).mkdir(exist_ok=True)
        content = (full / DURERS[0] / f"{DURERS[0]}_{n}.jpg").read_bytes()
        content = {2: jpeg(painted(202), 50), 3: jpeg(painted(999)), 6: content[:999]}.get(
            n, content
        )
        (full / DURERS[1] / f"{DURERS[1]}_{n}.jpg").write_bytes(content)
    (full / DURERS[0] / f"{DURERS[0]}_5.jpg").write_bytes(b"")
    (resized / f"{DURERS[0]}_5.jpg").unlink()
    # Nobody knows this painter; odd names; the same name in two spellings.
    novak = full / "Ján  Novák"
    novak.mkdir()
    (novak / "Léto na řece.JPG").write_bytes(jpeg(painted(300)))
    (novak / "Leto_na_rece.jpg").write_bytes(jpeg(painted(301)))
    painted(302).save(novak / "睡蓮 (3).png")
    painted(303).resize((60, 80)).convert("L").save(novak / "💐.png")
    other = full / "_other"
    other.mkdir()
    for n in range(10):
        (other / f"Some_Body_{n}.jpg").write_bytes(jpeg(painted(400 + n)))
    (full / "Frida_Kahlo").mkdir()
    (full / "Frida_Kahlo" / "Thumbs.db").write_bytes(b"no picture")
    (root / "artists.csv").write_text("id,name\n0,Vincent van Gogh\n")
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cached(isolated, cache: Path, monkeypatch: pytest.MonkeyPatch):
    """Scans of these tests are remembered among them: each tree is measured once."""
    monkeypatch.setenv("ATELIER_CACHE", str(cache))
    settings.cache_clear()


@pytest.fixture(scope="module")
def kaggle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_kaggle(tmp_path_factory.mktemp("kaggle") / "best artworks")


@pytest.fixture
def state_before(kaggle: Path):
    before = state(kaggle)
    yield before
    assert state(kaggle) == before, "the given files were touched"


@pytest.fixture(scope="module")
def organised(kaggle: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree, organised once; tests that write work on a copy."""
    to = tmp_path_factory.mktemp("organised") / "by artist"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATELIER_CACHE", str(cache))
        settings.cache_clear()
        organise.organise(kaggle, to)
    settings.cache_clear()
    return to


def state(directory: Path) -> dict[str, tuple[str, int]]:
    """Every file's digest and time stamp."""
    return {
        path.relative_to(directory).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run(*arguments: object):
    return CliRunner().invoke(app, ["dataset", *map(str, arguments)])


def expected_names() -> set[str]:
    names = {f"Vincent_van_Gogh/Vincent_van_Gogh_{n}.jpg" for n in range(1, COUNT + 1)}
    names |= {f"Gustav_Klimt/Gustav_Klimt_{n}.jpg" for n in range(1, COUNT + 1) if n != 4}
    names |= {f"Albrecht_Durer/Albrecht_Durer_{n}.jpg" for n in range(1, COUNT + 1)}
    names |= {"Albrecht_Durer/Albrecht_Durer_3b.jpg"}
    names |= {"Jan_Novak/Leto_na_rece.jpg", "Jan_Novak/Leto_na_receb.jpg", "Jan_Novak/睡蓮_3.png"}
    return names | {f"_other/Some_Body_{n}.jpg" for n in range(10)}


def test_organising_keeps_the_best_copy_of_each_painting_once(kaggle, organised, state_before):
    found = {name for name in state(organised) if not name.startswith("Jan_Novak/painting_")}
    assert found == expected_names() | {"left_out.csv"}
    assert len(list((organised / "Jan_Novak").glob("painting_*.png"))) == 1
    full, resized = kaggle / "images" / "images", kaggle / "resized" / "resized"

    def same(name: str, source: Path) -> bool:
        return (organised / name).read_bytes() == source.read_bytes()

    assert same("Vincent_van_Gogh/Vincent_van_Gogh_1.jpg",
                full / "Vincent_van_Gogh" / "Vincent_van_Gogh_1.jpg")  # fmt: skip
    assert same("Gustav_Klimt/Gustav_Klimt_3.jpg", resized / "Gustav_Klimt_3.jpg")
    assert same("Gustav_Klimt/Gustav_Klimt_5.jpg", resized / "Gustav_Klimt_5.jpg")
    # The damaged one's place is taken by the other spelling's.
    assert same("Albrecht_Durer/Albrecht_Durer_5.jpg", full / DURERS[1] / f"{DURERS[1]}_5.jpg")
    assert same("Albrecht_Durer/Albrecht_Durer_6.jpg", full / DURERS[0] / f"{DURERS[0]}_6.jpg")
    # Different under one number: both stay.
    assert same("Albrecht_Durer/Albrecht_Durer_3.jpg", full / DURERS[0] / f"{DURERS[0]}_3.jpg")
    assert same("Albrecht_Durer/Albrecht_Durer_3b.jpg", full / DURERS[1] / f"{DURERS[1]}_3.jpg")


def test_what_cannot_be_read_is_listed_with_the_reason(organised):
    (left,) = rows(organised / "left_out.csv")
    assert left["file"] == "images/images/Gustav_Klimt/Gustav_Klimt_4.jpg"
    assert left["artist"] == "Gustav Klimt"
    assert "not a picture" in left["reason"]


def test_a_second_run_changes_nothing_and_leaves_the_files_of_others(
    kaggle, organised, state_before
):
    stranger = organised / "Gustav_Klimt" / "my notes.txt"
    stranger.write_text("mine")
    before = state(organised)
    done = run("organise", kaggle, "--to", organised, "--json")
    assert done.exit_code == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["written"] == 0
    assert summary["paintings"] == len(before) - 2
    assert (summary["artists"], summary["left_out"]) == (4, 1)
    assert state(organised) == before
    stranger.unlink()


@pytest.mark.parametrize("how", ["hardlink", "symlink"])
def test_links_take_no_room(kaggle, organised, tmp_path, how, state_before):
    for expected in (len(expected_names()) + 1, 0):
        done = run("organise", kaggle, "--to", tmp_path / how, "--how", how, "--json")
        assert json.loads(done.stdout)["written"] == expected, done.stderr
    path = tmp_path / how / "Albrecht_Durer" / "Albrecht_Durer_1.jpg"
    source = kaggle / "images" / "images" / DURERS[0] / f"{DURERS[0]}_1.jpg"
    assert path.samefile(source)
    assert path.is_symlink() == (how == "symlink")


def test_a_file_in_the_way_is_left_and_the_painting_is_reported(kaggle, tmp_path, state_before):
    target = tmp_path / "to" / "Vincent_van_Gogh" / "Vincent_van_Gogh_1.jpg"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    done = organise.organise(kaggle, tmp_path / "to", how="symlink")
    assert target.read_bytes() == b"mine"
    assert done.left_out == 2
    left = {row["file"]: row["reason"] for row in rows(tmp_path / "to" / "left_out.csv")}
    reason = left["images/images/Vincent_van_Gogh/Vincent_van_Gogh_1.jpg"]
    assert reason == "Another file lies at Vincent_van_Gogh/Vincent_van_Gogh_1.jpg already."


def test_neither_directory_may_lie_in_the_other(kaggle, tmp_path, state_before):
    (tmp_path / "link").symlink_to(kaggle)
    for to in (kaggle, kaggle / "new", kaggle.parent, tmp_path / "link" / "new"):
        done = run("organise", kaggle, "--to", to)
        assert done.exit_code == 1
        assert "must lie apart" in done.stderr
    assert not (kaggle / "new").exists()


def test_organising_twice_over_keeps_the_names(organised, tmp_path):
    organise.organise(organised, tmp_path / "again", how="hardlink")
    again, before = state(tmp_path / "again"), state(organised)
    del again["left_out.csv"], before["left_out.csv"]
    assert {name: digest for name, (digest, _) in again.items()} == {
        name: digest for name, (digest, _) in before.items()
    }


def test_an_index_tells_the_artists_and_missing_files_are_listed(tmp_path):
    source = tmp_path / "source"
    (source / "_other").mkdir(parents=True)
    for n, name in enumerate(("a.jpg", "b.jpg", "_other/a.jpg", "_other/b.jpg")):
        (source / name).write_bytes(jpeg(painted(n)))
    lines = ["file,artist", "a.jpg,Klimt", "b.jpg,Klimt", "gone_1.jpg,Klimt",
             "_other/a.jpg,_other:Some Body", "_other/b.jpg,_other:Another"]  # fmt: skip
    (source / "index.csv").write_text("\n".join(lines))
    organise.organise(source, tmp_path / "to")
    assert set(state(tmp_path / "to")) == {
        "Gustav_Klimt/a.jpg", "Gustav_Klimt/b.jpg", "_other/a.jpg", "_other/b.jpg", "left_out.csv",
    }  # fmt: skip
    (left,) = rows(tmp_path / "to" / "left_out.csv")
    assert left["file"] == "gone_1.jpg"
    assert "cannot be opened" in left["reason"]


def test_numbers_count_only_after_the_artists_name(tmp_path):
    """`a1` and `b1` are two paintings, not two copies of number 1."""
    folder = tmp_path / "source" / "Gustav Klimt"
    folder.mkdir(parents=True)
    for n, name in enumerate(("a1", "b1", "1", "klimt 2", "1908")):
        (folder / f"{name}.png").write_bytes(jpeg(painted(n)))
    organise.organise(tmp_path / "source", tmp_path / "to")
    names = {path.name for path in (tmp_path / "to" / "Gustav_Klimt").iterdir()}
    assert names == {
        "a1.png", "b1.png", "Gustav_Klimt_1.png", "Gustav_Klimt_2.png", "Gustav_Klimt_1908.png",
    }  # fmt: skip


@given(st.text(max_size=300))
def test_names_are_harmless_whatever_the_source(text):
    name = organise._clean_name(text)
    assert name
    assert "/" not in name
    assert name[0] not in ".-"
    assert name.isprintable()
    assert len(name.encode()) < 200
    if text.isascii():
        assert organise.folder_name(text).isascii()


def test_folders_are_ascii_and_the_catalogues():
    from core import artists

    for artist in artists.catalogue():
        folder = organise.folder_name(artist.name)
        assert folder.isascii()
        assert artists.find(folder) is artist


# A copy that takes a while, so that a kill meets half a file.
SLOW = """
import shutil, time
from pathlib import Path
from training.__main__ import app

def copy2(source, to):
    data = Path(source).read_bytes()
    with open(to, "wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        time.sleep(0.02)
        file.write(data[len(data) // 2 :])
    shutil.copystat(source, to)

shutil.copy2 = copy2
if __name__ == "__main__":
    app()
"""


@pytest.mark.slow
def test_killed_at_any_point_it_goes_on_and_nothing_is_lost_or_doubled(
    kaggle, organised, tmp_path, state_before
):
    script, to = tmp_path / "slow.py", tmp_path / "to"
    script.write_text(SLOW)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "ATELIER_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, str(script), "dataset", "organise", str(kaggle), "--to", str(to)]
    rng = random.Random(0)
    # One kill while pictures are read, then some while files appear.
    for wanted in (0, *sorted(rng.sample(range(1, len(expected_names())), 4))):
        process = subprocess.Popen(
            command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while wanted and len(list(to.rglob("*.*"))) < wanted and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(rng.uniform(0.001, 0.03) if wanted else 1.0)
        assert process.poll() is None, "it was over before it could be killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for path in to.glob("*/*.*"):  # what has appeared is whole
            assert path.read_bytes() == (organised / path.relative_to(to)).read_bytes()
    assert list(to.glob(".organising-*")), "no kill has met half a file"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected, found = state(organised), state(to)
    assert found.pop("left_out.csv")[0] == expected.pop("left_out.csv")[0]
    assert found == expected


def test_a_copy_that_fails_leaves_no_half_file(kaggle, organised, tmp_path, monkeypatch):
    import shutil

    def full(source, to):
        Path(to).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", full)
    done = run("organise", kaggle, "--to", tmp_path / "to")
    assert done.exit_code == 1
    assert "is full: make room" in done.stderr
    assert state(tmp_path / "to") == {}


def test_the_check_finds_every_trap(kaggle, tmp_path, state_before):
    done = run("check", kaggle, "--to", tmp_path / "report", "--json")
    assert done.exit_code == 0, done.stderr
    summary = json.loads(done.stdout)
    found = rows(tmp_path / "report" / "findings.csv")
    assert list(found[0]) == ["file", "artist", "finding", "detail", "group"]
    assert Counter(row["finding"] for row in found) == Counter(summary["findings"])
    by_kind = {kind: {Path(r["file"]).name for r in found if r["finding"] == kind}
               for kind in check.KINDS}  # fmt: skip
    assert by_kind["unreadable"] == {
        "Gustav_Klimt_3.jpg", "Gustav_Klimt_4.jpg", "Gustav_Klimt_5.jpg",
        f"{DURERS[0]}_5.jpg", f"{DURERS[1]}_6.jpg",
    }  # fmt: skip
    assert by_kind["tiny"] == by_kind["grey"] == {"💐.png"}
    assert by_kind["empty-folder"] == {"Frida_Kahlo"}
    same = {f"{durer}_{n}.jpg" for durer in DURERS for n in range(1, 13) if n not in (2, 3, 5, 6)}
    assert by_kind["duplicate"] == same | {"Gustav_Klimt_8.jpg", "Gustav_Klimt_9.jpg"}
    groups: dict[str, set[str]] = {}
    for row in found:
        if row["finding"] == "near-duplicate":
            groups.setdefault(row["group"], set()).add(Path(row["file"]).name)
    assert {frozenset(group) for group in groups.values()} == {
        frozenset({"Gustav_Klimt_1.jpg", "Gustav_Klimt_6.jpg"}),
        frozenset({"Gustav_Klimt_2.jpg", "Gustav_Klimt_7.jpg"}),
        frozenset({f"{DURERS[0]}_2.jpg", f"{DURERS[1]}_2.jpg"}),
    }


def test_the_report_needs_nothing_else_and_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    root = tmp_path / "paintings"
    # Free, not free (Dalí died in 1989), unknown: each has a painting twice.
    for a, artist in enumerate(("Gustav_Klimt", "Salvador_Dali", "A & <b>")):
        (root / artist).mkdir(parents=True)
        for n, quality in enumerate((90, 50)):
            (root / artist / f"{n}.jpg").write_bytes(jpeg(painted(a), quality))
    # No name of a file holds a slash, but those of an index may say what they like.
    (root / "Gustav_Klimt" / '"><img src=x>.jpg').write_text(evil)
    done = run("check", root, "--to", tmp_path / "report")
    assert done.exit_code == 0, done.stderr
    page = (tmp_path / "report" / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "may be under copyright" in page
    assert "unknown to the catalogue" in page
    assert "A &amp; &lt;b&gt;" in page
    assert "&quot;&gt;&lt;img src=x&gt;" in page
    assert "<img src=x" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_a_split_keeps_the_same_painting_together(organised, copied):
    done = run("split", copied, "--at-least", 5, "--seed", 3, "--json")
    assert done.exit_code == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["artists"] == 3
    assert summary["too_few"] == {"Jan Novak": 4}
    assert summary["left_out"]["same bytes"] == 1
    index = rows(copied / "index.csv")
    assert list(index[0]) == ["file", "artist", "split", "style"]
    assert [row["file"] for row in index] == sorted(row["file"] for row in index)
    of = {row["file"].rpartition("/")[2]: row["split"] for row in index}
    assert of["Gustav_Klimt_1.jpg"] == of["Gustav_Klimt_6.jpg"]
    assert of["Gustav_Klimt_2.jpg"] == of["Gustav_Klimt_7.jpg"]
    assert len({"Gustav_Klimt_8.jpg", "Gustav_Klimt_9.jpg"} & of.keys()) == 1
    for artist in ("Vincent van Gogh", "Gustav Klimt", "Albrecht Dürer", "_other"):
        shares = Counter(row["split"] for row in index if row["artist"] == artist)
        assert shares["train"] >= 0.7 * shares.total()
        assert set(shares) == set(SPLITS)
    paintings = dataset.read(copied)
    assert dataset.artists(paintings) == ["Albrecht Dürer", "Gustav Klimt", "Vincent van Gogh"]
    assert [p.split for p in paintings] == [row["split"] for row in index]
    assert sum(p.artist is None for p in paintings) == 10


@pytest.fixture
def copied(organised: Path, tmp_path: Path) -> Path:
    """A copy of the organised tree to write into."""
    import shutil

    return shutil.copytree(organised, tmp_path / "organised")


def test_weights_are_those_of_scikit_learn(copied):
    split.divide(copied)
    weights = json.loads((copied / "class_weights.json").read_text())
    train = Counter(r["artist"] for r in rows(copied / "index.csv") if r["split"] == "train")
    del train["_other"]
    expected = {name: train.total() / len(train) / count for name, count in train.items()}
    assert weights == pytest.approx(expected)


def test_weights_of_somebody_else_are_not_overwritten(copied, tmp_path):
    weights = copied / "class_weights.json"
    weights.write_text("{}")
    done = run("split", copied)
    assert done.exit_code == 1
    assert "class_weights.json was not written by this command" in done.stderr
    assert weights.read_text() == "{}"
    assert not (copied / "index.csv").exists()
    # Those of an index with another name stand beside it, each for itself.
    assert run("split", copied, "--out", copied / "nine.csv", "--at-least", 12).exit_code == 0
    named = json.loads((copied / "nine_class_weights.json").read_text())
    assert weights.read_text() == "{}"
    assert run("split", copied, "--force").exit_code == 0
    assert len(named) < len(json.loads(weights.read_text()))
    assert run("split", copied, "--seed", 3).exit_code == 0
    # Directories that were divided before weights had a mark.
    (copied / ".class_weights.json.written").unlink(missing_ok=True)
    assert run("split", copied, "--seed", 4).exit_code == 0
    weights.write_text("{}")
    assert run("split", copied, "--seed", 4).exit_code == 1


def test_the_same_seed_gives_the_same_file_and_writes_nothing_anew(copied, tmp_path):
    assert split.divide(copied, seed=1).changed
    before = state(copied)
    assert not split.divide(copied, seed=1).changed
    assert state(copied) == before
    assert split.divide(copied, seed=2).changed
    assert state(copied) != before
    # Everything is divided afresh: artists who were left out may come back.
    assert split.divide(copied, seed=1, at_least=12).artists == 2
    assert split.divide(copied, seed=1, at_least=5).artists == 3
    split.divide(copied, seed=1)
    assert {k: v[0] for k, v in state(copied).items()} == {k: v[0] for k, v in before.items()}
    elsewhere = split.divide(copied, seed=1, out=tmp_path / "elsewhere.csv").index
    assert elsewhere.read_bytes() == (copied / "index.csv").read_bytes()


def test_the_index_of_somebody_else_is_not_overwritten(copied):
    index = copied / "index.csv"
    index.write_text(
        "file,artist,split,style\n"
        + "".join(
            f"Gustav_Klimt/Gustav_Klimt_{n}.jpg,Klimt,,Art_Nouveau\n" for n in (1, 2, 3, 10, 11)
        )
    )
    before = index.read_bytes()
    done = run("split", copied)
    assert done.exit_code == 1
    assert "--force overwrites it" in done.stderr
    assert index.read_bytes() == before
    assert run("split", copied, "--force").exit_code == 0
    assert {row["style"] for row in rows(index)} == {"Art Nouveau"}
    assert len(rows(index)) == 5
    index.write_text(index.read_text() + "\n")  # edited by hand: somebody else's again
    assert run("split", copied).exit_code == 1


def test_nothing_to_divide_is_one_sentence(copied):
    done = run("split", copied, "--at-least", 1000)
    assert done.exit_code == 1
    assert done.stderr.strip().endswith("has 1000 paintings or more.")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), min_size=1, max_size=150),
       st.integers(0, 5))  # fmt: skip
def test_groups_are_never_torn_and_artists_are_everywhere(pairs, seed):
    labels = np.array([f"Artist {label}" for label, _ in pairs])
    groups = np.array([group for _, group in pairs])
    splits = split.assign(labels, groups, seed)
    assert splits.tolist() == split.assign(labels, groups, seed).tolist()
    for group in np.unique(groups):
        assert len(set(splits[groups == group])) == 1
    for label in np.unique(labels):
        own = [g for g in np.unique(groups) if set(labels[groups == g]) == {label}]
        if len(own) >= 3:
            assert set(splits[labels == label]) == set(SPLITS)


def test_shares_are_eighty_ten_ten():
    labels = np.repeat(["A", "B", "C"], (200, 100, 50))
    splits = split.assign(labels, np.arange(350), 0)
    for label, count in (("A", 200), ("B", 100), ("C", 50)):
        shares = Counter(splits[labels == label].tolist())
        assert shares["val"] == pytest.approx(count / 10, abs=1)
        assert shares["test"] == pytest.approx(count / 10, abs=1)


def test_painters_outside_stay_whole_where_they_are_known(tmp_path):
    lines = ["file,artist"]
    for a, painter in enumerate(("Klimt", *(f"_other:Painter {n}" for n in range(12)))):
        for n in range(6):
            name = f"{'_other/' if a else 'k/'}{a}_{n}.jpg"
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(jpeg(painted(50 * a + n).resize((64, 48))))
            lines.append(f"{name},{painter}")
    (tmp_path / "index.csv").write_text("\n".join(lines))
    split.divide(tmp_path, force=True)
    told: dict[str, set[str]] = {}
    for row in rows(tmp_path / "index.csv"):
        told.setdefault(row["artist"], set()).add(row["split"])
    assert told.pop("Gustav Klimt") == set(SPLITS)
    assert len(told) == 12
    assert all(len(splits) == 1 for splits in told.values())
    assert set.union(*told.values()) == set(SPLITS)
    assert not split.divide(tmp_path).changed


def test_a_foreign_index_is_kept_to_however_often_it_is_divided(tmp_path):
    lines = ["file,artist"]
    for a, painter in enumerate(("Klimt", "Monet", "_other:Jean Foo", "_other:Ann Bar")):
        for n in range(4):
            folder = "strangers" if a > 1 else painter
            name = f"{folder}/{'xy'[a % 2]}_{n}.png"
            (tmp_path / name).parent.mkdir(exist_ok=True)
            painted(50 * a + n, (64, 48)).save(tmp_path / name)
            if name not in ("Klimt/x_3.png", "Monet/y_2.png", "Monet/y_3.png"):
                lines.append(f"{name},{painter}")
    index = tmp_path / "index.csv"
    index.write_text("\n".join(lines))
    assert split.divide(tmp_path, force=True).too_few == {"Claude Monet": 2}
    before = index.read_bytes()
    listed = {row["file"]: row["artist"] for row in rows(index)}
    assert len(listed) == 11
    assert listed["strangers/x_0.png"] == "_other:Jean Foo"
    assert not split.divide(tmp_path).changed
    assert index.read_bytes() == before
    # Of its paintings also those count that were left out; of the folders' others none does.
    assert split.divide(tmp_path, at_least=2).artists == 2
    assert len(rows(index)) == 13
    split.divide(tmp_path)
    assert index.read_bytes() == before
    # What was kept of an index goes with it.
    index.unlink()
    split.divide(tmp_path, at_least=2)
    assert len(rows(index)) == 16
    assert not split.divide(tmp_path, at_least=2).changed


def test_a_painter_outside_stays_outside_where_only_the_divided_index_tells(tmp_path):
    lines = ["file,artist"]
    for a, painter in enumerate(("Klimt", "_other:Jean Foo")):
        for n in range(4):
            name = f"{'strangers' if a else painter}/x_{n}.png"
            (tmp_path / name).parent.mkdir(exist_ok=True)
            painted(50 * a + n, (64, 48)).save(tmp_path / name)
            lines.append(f"{name},{painter}")
    index = tmp_path / "index.csv"
    index.write_text("\n".join(lines))
    split.divide(tmp_path, force=True)
    (tmp_path / ".index.csv.before").unlink(missing_ok=True)  # as it once was
    assert not split.divide(tmp_path).changed
    assert {row["artist"] for row in rows(index)} == {"Gustav Klimt", "_other:Jean Foo"}


def test_figures_agree_with_the_standard_library(copied):
    done = run("stats", copied, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    counts = {row["artist"]: row["paintings"] for row in found["artists"]}
    assert counts == {"Albrecht Dürer": 13, "Gustav Klimt": 11, "Jan Novak": 4,
                      "Vincent van Gogh": 12}  # fmt: skip
    whole = found["paintings_per_artist"]
    assert whole["mean"] == pytest.approx(statistics.mean(counts.values()))
    assert whole["std"] == pytest.approx(statistics.stdev(counts.values()))
    assert whole["median"] == statistics.median(counts.values())
    assert (whole["min"], whole["max"], whole["at_least_50"]) == (4, 13, 0)
    assert found["outside"]["paintings"] == 10
    gogh = found["artists"][-1]
    assert (gogh["width"], gogh["height"]) == (320, 240)
    assert "train" not in gogh
    split.divide(copied)
    table = run("stats", copied).stdout
    assert "train" in table
    assert "4 artists" in table


def test_kaggles_layout_is_read_once_each(kaggle):
    paintings = dataset.read(kaggle)
    assert not any("resized" in p.path.parts for p in paintings)
    assert dataset.artists(paintings) == [
        "Albrecht Dürer", "Gustav Klimt", "Ján Novák", "Vincent van Gogh",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["check", "split", "stats", "organise"])
def test_a_directory_without_pictures_is_status_one_and_one_sentence(tmp_path, command):
    (tmp_path / "empty").mkdir()
    more = {"check": ["--to", tmp_path / "r"], "organise": ["--to", tmp_path / "o"]}
    for directory in (tmp_path / "empty", tmp_path / "none"):
        done = run(command, directory, *more.get(command, []))
        assert done.exit_code == 1
        assert done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1


def test_the_commands_have_the_defaults_of_the_functions():
    import inspect

    checks = inspect.signature(dataset_commands.check).parameters
    assert (checks["tiny"].default, checks["grey"].default) == (check.TINY, check.GREY)
    splits = inspect.signature(dataset_commands.split).parameters
    assert splits["at_least"].default == split.AT_LEAST


@pytest.mark.real_data
def test_real_paintings_lose_none_and_show_no_double(real_paintings, tmp_path):
    """The paintings of two folders, linked: names stay, all are kept, no label is lost."""
    source = tmp_path / "source"
    for folder in ("Eugene_Boudin", "_other"):
        (source / folder).mkdir(parents=True)
        for path in sorted((real_paintings / folder).iterdir())[:40]:
            (source / folder / path.name).symlink_to(path)
    done = organise.organise(source, tmp_path / "to")
    assert (done.paintings, done.left_out, done.copies, done.artists) == (80, 0, 0, 1)
    names = {p.relative_to(source).as_posix() for p in source.rglob("*.jpg")}
    assert names == {p.relative_to(tmp_path / "to").as_posix()
                     for p in (tmp_path / "to").rglob("*.jpg")}  # fmt: skip
    divided = split.divide(tmp_path / "to")
    assert divided.paintings == {"train": 64, "val": 8, "test": 8}


@pytest.mark.real_data
def test_an_index_is_read_as_it_stands(real_paintings):
    """The order of a trained network's outputs depends on names staying as the index has them."""
    paintings, index = dataset.read(real_paintings), rows(real_paintings / "index.csv")
    assert [p.path for p in paintings] == [real_paintings / row["file"] for row in index]
    assert [p.artist for p in paintings] == [
        None if row["artist"].startswith("_other") else row["artist"] for row in index
    ]


def test_check_and_organise_name_what_they_left_out(tmp_path):
    root = tmp_path / "paintings" / "Titian"
    root.mkdir(parents=True)
    whole = images.encode(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8), "JPEG")
    (root / "Titian_1.jfif").write_bytes(whole)
    (root / "Titian_2").write_bytes(whole[:-2])
    (root / "Titian_3.jpg").write_bytes(whole[: len(whole) // 2].ljust(len(whole), b"\0"))
    (root / "._Titian_1.jfif").write_bytes(b"fork")
    (root / "Titian_4.jpg").symlink_to("gone.jpg")
    os.mkfifo(root / "Titian_5.jpg")
    left_out = {
        "Titian/._Titian_1.jfif": "It is hidden, as its name begins with a dot.",
        "Titian/Titian_4.jpg": "It is a link that leads nowhere.",
        "Titian/Titian_5.jpg": "It is a pipe, not a file.",
    }
    assert run("check", root.parent, "--to", tmp_path / "report").exit_code == 0
    found = rows(tmp_path / "report" / "findings.csv")
    named = {row["file"]: row["detail"] for row in found if row["finding"] == "left-out"}
    assert named == left_out
    assert [r["file"] for r in found if r["finding"] == "unreadable"] == ["Titian/Titian_3.jpg"]
    assert "What looks like a picture" in (tmp_path / "report" / "report.html").read_text()
    done = organise.organise(root.parent, tmp_path / "to")
    assert (done.paintings, done.left_out, done.copies) == (2, 4, 0)
    named = {row["file"]: row["reason"] for row in rows(tmp_path / "to" / "left_out.csv")}
    assert "damaged" in named.pop("Titian/Titian_3.jpg")
    assert named == left_out
