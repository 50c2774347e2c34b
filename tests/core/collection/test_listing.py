"""Directories of paintings: which files count, who painted them, and what is refused."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import artists, collection, files
from core.collection import PaintingFile

# As the folders of Best Artworks of All Time are called, whichever program unpacks it.
BROKEN_DURERS = ("Albrecht_DuΓòá├¬rer", "Albrecht_Du╠êrer")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    directory = tmp_path / "paintings"
    directory.mkdir()
    return directory


def put(place: Path, *files: str) -> None:
    """Makes empty files: a listing opens none of them."""
    for file in files:
        path = place / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def index(place: Path, text: str, encoding: str = "utf-8") -> None:
    (place / "index.csv").write_text(text, encoding=encoding, newline="")


def listed(place: Path) -> list[str]:
    return [file.file for file in collection.files(place)]


def artists_of(place: Path) -> dict[str, str]:
    return {file.file: file.artist for file in collection.files(place)}


def refusal(place: Path) -> str:
    """The sentence with which a directory is refused."""
    with pytest.raises(FileNotFoundError) as caught:
        collection.files(place)
    sentence = str(caught.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


# One folder an artist


def test_a_folder_names_the_artist_in_the_catalogues_spelling(place):
    put(place, "vincent_van_gogh/a.jpg", "Paul Cezanne/b.png", "Some_Body  Else/c.webp")
    assert artists_of(place) == {
        "Paul Cezanne/b.png": "Paul Cézanne",
        "Some_Body  Else/c.webp": "Some Body Else",
        "vincent_van_gogh/a.jpg": "Vincent van Gogh",
    }


def test_folders_of_splits_name_no_artist_but_those_inside_do(place):
    put(place, "train/Titian/a.jpg", "Titian/test/Titian_2.jpg", "train/Claude_Monet_17.jpg")
    assert artists_of(place) == {
        "Titian/test/Titian_2.jpg": "Titian",
        "train/Claude_Monet_17.jpg": "Claude Monet",
        "train/Titian/a.jpg": "Titian",
    }


def test_without_folders_the_file_names_the_artist(place):
    put(place, "Gustav_Klimt_12.jpg", "Edgar Degas - 3.jpg", "titian.jpg")
    assert set(artists_of(place).values()) == {"Gustav Klimt", "Edgar Degas", "Titian"}


def test_hands_outside_the_collection_lie_in_a_folder_of_their_own(place):
    put(place, "Titian/a.jpg", "_other/Aelbert_Cuyp_4.jpg", "_other/Jan Steen/b.jpg")
    found = {file.file: (file.outside, file.artist) for file in collection.files(place)}
    assert found == {
        "Titian/a.jpg": (False, "Titian"),
        "_other/Aelbert_Cuyp_4.jpg": (True, "Aelbert Cuyp"),
        "_other/Jan Steen/b.jpg": (True, "Jan Steen"),
    }


def test_only_visible_pictures_count(place):
    put(
        place,
        "Titian/a.JPG",
        "Titian/b.tiff",
        "Titian/Notes.TXT",
        "Titian/jpg",
        "Titian/a.jpg.part",
    )
    put(place, "Titian/.hidden.jpg", "Titian/._a.jpg", ".cache/Titian/c.jpg", "Titian/Thumbs.db")
    (place / "Titian" / "folder.jpg").mkdir()
    assert listed(place) == ["Titian/a.JPG", "Titian/b.tiff"]


def test_any_text_may_be_a_name(place):
    names = [
        "Жан/картина №1.jpg",
        'a, "b"/c;d.png',
        "名画 集/絵.webp",
        "x/ leading.gif",
        "é/é.avif",
    ]
    put(place, *names)
    assert sorted(listed(place)) == sorted(names)


def test_files_are_sorted_by_path(place):
    names = ["b/2.jpg", "b/10.jpg", "a/z.jpg", "B/1.jpg", "a b/1.jpg", "0.jpg"]
    put(place, *names)
    assert listed(place) == sorted(names)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_no_text_is_left_out_with_a_warning(place, caplog):
    put(place, "Titian/good.jpg")
    for name in (b"Titian/D\xfcrer.jpg", b"D\xfcrer/1.jpg"):
        path = os.path.join(os.fsencode(place), name)  # noqa: PTH118
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        try:
            Path(os.fsdecode(path)).touch()
        except OSError:
            pytest.skip("The file system refuses such names")
    with caplog.at_level(logging.WARNING):
        assert listed(place) == ["Titian/good.jpg"]
    assert len(caplog.messages) == 2


def test_links_to_folders_are_not_followed_round_in_circles(place):
    put(place, "Titian/a.jpg")
    (place / "Titian" / "again").symlink_to(place, target_is_directory=True)
    assert listed(place) == ["Titian/a.jpg"]


def test_pictures_are_listed_without_being_opened(place):
    put(place, "Titian/a.jpg")
    (place / "Titian" / "a.jpg").chmod(0)
    (place / "Titian" / "b.jpg").symlink_to(place / "Titian" / "a.jpg")
    assert listed(place) == ["Titian/a.jpg", "Titian/b.jpg"]


def test_what_is_left_out_is_told(place, caplog):
    put(place, "Titian/a.jpg", "Titian/._a.jpg", "Titian/notes.txt", "Titian/b.jfif")
    (place / "Titian" / "nowhere.jpg").symlink_to("gone.jpg")
    (place / "Titian" / "circle.jpg").symlink_to("circle.jpg")
    (place / "Titian" / "other").symlink_to(place / "Titian")
    (place / "album.jpg").mkdir()
    put(place, "album.jpg/c.jpg")
    os.mkfifo(place / "Titian" / "pipe.jpg")
    assert listed(place) == ["Titian/a.jpg", "Titian/b.jfif", "album.jpg/c.jpg"]
    reasons = {left.path.as_posix(): left.reason for left in collection.left_out(place)}
    assert reasons == {
        "Titian/._a.jpg": "It is hidden, as its name begins with a dot.",
        "Titian/circle.jpg": "It is a link that leads nowhere.",
        "Titian/nowhere.jpg": "It is a link that leads nowhere.",
        "Titian/other": "It is a link to a folder, which is not followed.",
        "Titian/pipe.jpg": "It is a pipe, not a file.",
    }
    assert all(file in caplog.text for file in reasons)
    (place / "index.csv").write_text("file,artist\nTitian/a.jpg,Titian\n")
    assert collection.left_out(place) == []


# Kaggle's layout


def kaggle(place: Path, artist: str, numbers: range, resized: range) -> None:
    put(place, *(f"images/images/{artist}/{artist}_{n}.jpg" for n in numbers))
    put(place, *(f"resized/resized/{artist}_{n}.jpg" for n in resized))


def test_kaggles_layout_names_the_artist_of_both_copies(place):
    kaggle(place, "Pierre-Auguste_Renoir", range(1, 4), range(1, 4))
    assert set(artists_of(place).values()) == {"Pierre-Auguste Renoir"}
    copies = [file.file for file in collection.files(place) if file.resized_copy]
    assert copies == [f"resized/resized/Pierre-Auguste_Renoir_{n}.jpg" for n in (1, 2, 3)]


@pytest.mark.parametrize("broken", BROKEN_DURERS)
def test_durer_is_known_by_both_broken_spellings(place, broken):
    kaggle(place, broken, range(1, 3), range(1, 3))
    found = collection.files(place)
    assert {file.artist for file in found} == {"Albrecht Dürer"}
    assert [file.resized_copy for file in found] == [False, False, True, True]


def test_the_two_spellings_of_durer_are_twins_of_each_other(place):
    full, resized = BROKEN_DURERS
    kaggle(place, full, range(1, 3), range(0))
    kaggle(place, resized, range(0), range(1, 4))
    assert [file.number for file in collection.files(place) if file.resized_copy] == ["1", "2"]


def test_a_resized_picture_is_a_copy_only_where_the_full_one_exists(place):
    kaggle(place, "Titian", range(1, 11), range(5, 15))
    kaggle(place, "Edgar_Degas", range(20, 30), range(1, 3))
    copies = {f.file for f in collection.files(place) if f.resized_copy}
    assert copies == {f"resized/resized/Titian_{n}.jpg" for n in range(5, 11)}


def test_numbers_tell_apart_what_ends_alike(place):
    """`_1` is not `_11`, and pictures without a number are copies of nothing."""
    put(place, "images/Titian/Titian_11.jpg", "resized/Titian_1.jpg")
    put(place, "images/Titian/Titian.jpg", "resized/Titian.jpg")
    assert not any(file.resized_copy for file in collection.files(place))


@pytest.mark.parametrize(
    ("file", "number"),
    [("a/Klimt_12.jpg", "12"), ("a/007.png", "007"), ("a/b_3/c.jpg", ""), ("a/2nd_4 b.jpg", "")],
)
def test_the_number_is_what_a_name_ends_with(file, number):
    assert PaintingFile(file, "x").number == number


# index.csv


def test_an_index_gives_artist_style_and_split(place):
    index(
        place,
        "file,artist,split,style,more\n"
        "T/b.jpg,titian,train,High_Renaissance,1\n"
        "_other/x 1.jpg,_other:Jan Steen,test,,\n"
        '"T/a, b.jpg",Some_Body,,Pop_Art,\n',
    )
    assert collection.files(place) == [
        PaintingFile("T/a, b.jpg", "Some Body", style="Pop Art"),
        PaintingFile("T/b.jpg", "Titian", style="High Renaissance", split="train"),
        PaintingFile("_other/x 1.jpg", "Jan Steen", outside=True, split="test"),
    ]


def test_an_index_decides_alone_what_there_is(place):
    put(place, "Titian/unlisted.jpg")
    index(place, "file,artist\nTitian/gone.jpg,Titian\n")
    assert listed(place) == ["Titian/gone.jpg"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_index_from_a_spreadsheet_is_understood(place, newline):
    index(place, newline.join(["artist,file", "Titian,a.jpg", ""]), encoding="utf-8-sig")
    assert artists_of(place) == {"a.jpg": "Titian"}


@pytest.mark.parametrize(
    "text",
    [
        "\ufefffile;artist\r\na.jpg;Titian\r\n",
        "File\tARTIST\r\na.jpg\tTitian\r\n",
        '"Artist ";" File"\r\n"Titian";" a.jpg "\r\n',
        "sep=;\r\nfile;artist\r\na.jpg;Titian\r\n",
        "\r\nfile,artist\r\na.jpg,Titian,,\r\n\r\n",
    ],
)
def test_an_index_is_understood_however_a_spreadsheet_separates_it(place, text):
    index(place, text)
    assert artists_of(place) == {"a.jpg": "Titian"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_an_index_names_files_with_line_ends(place):
    names = ["Titian/a\rb.jpg", "Titian/a\nb.jpg", "Titian/a\r\nb.jpg"]
    put(place, *names)
    index(place, files.csv_text([("file", "artist"), *((name, "Titian") for name in names)]))
    assert sorted(listed(place)) == sorted(names)


def test_an_index_may_say_in_words_which_split_it_means(place):
    index(place, "file,artist,split\na.jpg,Titian,Training\nb.jpg,Titian,validation\nc.jpg,x,odd\n")
    assert [file.split for file in collection.files(place)] == ["train", "val", "odd"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file;artist\na.jpg;Titian\n", "no column 'split': `python -m training dataset split"),
        ("file,artist,split\na.jpg,Titian,train\nb.jpg,Titian,\n", "row 2 is in no split"),
        ("file,artist,split\na.jpg,Titian,odd\n", "row 1 is in a split 'odd'"),
        ("file,artist,split\na.jpg,Titian\n", "row 1 is in no split"),
    ],
)
def test_what_an_index_lacks_for_a_training_is_told(place, text, reason):
    index(place, text)
    with pytest.raises(collection.CollectionError, match=reason):
        collection.read_index(place / "index.csv", split=True)


def test_an_index_marks_painters_outside_by_folder_or_by_name(place):
    index(place, "file,artist\n_other/a.jpg,Jan Steen\nb.jpg,_other:Jan Steen\nc.jpg,Titian\n")
    assert [file.outside for file in collection.files(place)] == [True, True, False]
    assert artists_of(place)["b.jpg"] == "Jan Steen"


def test_gaps_of_an_index_are_filled_or_skipped(place):
    index(place, "file,artist,split\n\nTitian/a.jpg\n,Titian,train\nEdgar_Degas_2.jpg, ,\n")
    assert artists_of(place) == {"Edgar_Degas_2.jpg": "Edgar Degas", "Titian/a.jpg": "Titian"}


def test_a_file_named_twice_is_one_file(place):
    index(place, "file,artist\na.jpg,Titian\n./a.jpg,Edgar Degas\nb//c.jpg,x\nb/c.jpg,x\n")
    assert artists_of(place) == {"a.jpg": "Titian", "b/c.jpg": "x"}


@pytest.mark.parametrize(
    "file",
    [
        "../secret.jpg",
        "../../etc/passwd",
        "a/../../secret.jpg",
        "/etc/passwd",
        "//host/x.jpg",
        "a\0b",
    ],
)
def test_an_index_that_leads_out_of_its_directory_is_refused(place, file):
    put(place.parent, "secret.jpg")
    index(place, f"file,artist\ngood.jpg,Titian\n{file},Titian\n")
    assert "row 2 names a file outside" in refusal(place)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("ab./\\~:$% \0", max_size=12))
def test_no_name_in_an_index_leads_out_of_its_directory(place, file):
    index(place, f'file,artist\nz.jpg,Titian\n"{file}",Titian\n')
    try:
        found = collection.files(place)
    except FileNotFoundError:
        return
    for painting in found:
        assert (place / painting.file).resolve().is_relative_to(place.resolve())
        (place / painting.file).exists()  # no ValueError


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it has no column 'file'"),
        ("\n\n", "it has no column 'file'"),
        ("artist,split\nTitian,train\n", "it has no column 'file'"),
        ("file;split\na.jpg;train\n", "it has no column 'artist'"),
        ("file,split\na.jpg,train\n", "it has no column 'artist'"),
        ('file,artist\n"a.jpg,Titian\n', "it is damaged"),
        ("file,artist\n" + "a" * 200_000 + ",Titian\n", "it is damaged"),
    ],
)
def test_an_unusable_index_is_refused_with_the_reason(place, text, reason):
    put(place, "Titian/a.jpg")
    index(place, text)
    sentence = refusal(place)
    assert reason in sentence
    assert "index.csv" in sentence


@pytest.mark.parametrize(
    "data", [b"file,artist\nD\xfcrer.jpg,x\n", b"\xff\xfef\0i\0l\0e\0", b"\x80"]
)
def test_an_index_in_another_encoding_is_refused(place, data):
    (place / "index.csv").write_bytes(data)
    assert "UTF-8" in refusal(place)


def test_an_index_without_rows_holds_no_pictures(place):
    index(place, "file,artist\n")
    assert refusal(place) == f"There are no pictures in {place}."


def test_a_folder_called_like_an_index_is_a_folder(place):
    put(place, "index.csv/Titian/a.jpg")
    assert listed(place) == ["index.csv/Titian/a.jpg"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_an_unreadable_index_is_refused(place):
    index(place, "file,artist\na.jpg,Titian\n")
    (place / "index.csv").chmod(0)
    assert "cannot be opened" in refusal(place)


# No collection at all


def test_a_missing_directory_is_refused_in_a_sentence(place):
    assert refusal(place / "gone") == f"There is no directory {place / 'gone'}."


def test_a_file_is_no_directory(place):
    put(place, "a.jpg")
    assert refusal(place / "a.jpg").startswith("There is no directory")


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0nul", ".", "a/" * 3000])
def test_whatever_is_typed_for_a_directory_is_refused_in_a_sentence(place, name):
    refusal(place / name)


def test_an_empty_directory_is_refused_in_a_sentence(place):
    put(place, "Titian/readme.txt", ".hidden/a.jpg")
    assert refusal(place) == f"There are no pictures in {place}."


def test_empty_folders_are_told(place):
    put(place, "Titian/a.jpg", "Degas/readme.txt", "a/b/c.jpg", ".git/config")
    for folder in ("Monet", "a/x/y", ".cache"):
        (place / folder).mkdir(parents=True)
    assert collection.empty_folders(place) == ["Degas", "Monet", "a/x/y"]


# What may be shown


def test_what_may_be_shown_is_free_or_allowed(monkeypatch):
    from core.settings import settings as app_settings

    assert collection.may_be_shown("titian")
    assert not collection.may_be_shown("Pablo Picasso")  # until 2044
    assert not collection.may_be_shown("Nobody We Know")
    monkeypatch.setenv("ATELIER_SHOW_ALL", "true")
    app_settings.cache_clear()
    assert collection.may_be_shown("Pablo Picasso")
    assert collection.may_be_shown("Nobody We Know")


def test_every_artist_is_found_by_a_folder_of_their_name(place):
    for artist in artists.catalogue():
        put(place, f"{artist.name.replace(' ', '_')}/1.jpg")
    assert set(artists_of(place).values()) == {artist.name for artist in artists.catalogue()}


@pytest.mark.real_data
def test_the_real_collection_is_listed(real_paintings):
    found = collection.files(real_paintings)
    assert len(found) > 10_000
    assert len({file.file for file in found}) == len(found)
    known = {artist.name for artist in artists.catalogue()}
    assert {file.artist for file in found if not file.outside} <= known
    assert any(file.outside for file in found)
    assert {file.split for file in found} <= {"train", "val", "test"}
    assert all((real_paintings / file.file).is_file() for file in found[::100])


def test_files_that_no_index_deals_keep_their_split():
    paths = [Path("anywhere") / "Claude_Monet" / f"Claude_Monet_{i}.jpg" for i in range(1000)]
    splits = [collection.dealt(path) for path in paths]
    assert (splits[0], splits[1], splits[13]) == ("val", "train", "test")  # as ever since
    assert 80 <= splits.count("test") <= 120
    assert 80 <= splits.count("val") <= 120
    assert splits == [collection.dealt(Path("elsewhere") / path) for path in paths]
