"""The catalogue: complete, true to the published table, and findable by any spelling."""

from __future__ import annotations

import csv
import re
import statistics
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import artists
from core.artists import catalogue, find, get, people, reading, slug

ROWS = reading.rows()
PUBLISHED = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "best_artworks" / "artists.csv"
)
SPELLINGS = [
    (spelling, artist.id)
    for artist in catalogue()
    for spelling in (artist.id, artist.name, *artist.aliases)
]

# As written in the training set.
TRAINED = (
    "Albrecht Durer",
    "Alfred Sisley",
    "Amedeo Modigliani",
    "Andrei Rublev",
    "Andy Warhol",
    "Berthe Morisot",
    "Camille Pissarro",
    "Caravaggio",
    "Childe Hassam",
    "Claude Monet",
    "Diego Rivera",
    "Diego Velazquez",
    "Edgar Degas",
    "Edouard Manet",
    "Edvard Munch",
    "Eugene Boudin",
    "Fernand Leger",
    "Georges Seurat",
    "Gustav Klimt",
    "Gustave Caillebotte",
    "Gustave Courbet",
    "Henri Matisse",
    "Henri Rousseau",
    "Henri de Toulouse-Lautrec",
    "Joan Miro",
    "Joaquin Sorolla",
    "John Henry Twachtman",
    "John Singer Sargent",
    "Joshua Reynolds",
    "Katsushika Hokusai",
    "Kazimir Malevich",
    "Konstantin Korovin",
    "Marc Chagall",
    "Mary Cassatt",
    "Pablo Picasso",
    "Paul Cezanne",
    "Paul Gauguin",
    "Peter Paul Rubens",
    "Pierre-Auguste Renoir",
    "Piet Mondrian",
    "Rembrandt",
    "Rene Magritte",
    "Salvador Dali",
    "Thomas Gainsborough",
    "Titian",
    "Utagawa Kuniyoshi",
    "Vincent van Gogh",
    "Wassily Kandinsky",
    "William Merritt Chase",
    "William Turner",
)


def in_year(monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    """Lets the catalogue believe that it is this year."""

    class Frozen(date):
        @classmethod
        def today(cls) -> date:
            return date(year, 1, 1)

    monkeypatch.setattr(people, "date", Frozen)


def without_diacritics(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def test_the_fifty_and_those_of_the_training_set_are_there():
    assert len(catalogue()) == 65
    assert sum(artist.paintings is not None for artist in catalogue()) == 50


def test_sorted_as_a_reader_expects():
    names = [without_diacritics(artist.name).casefold() for artist in catalogue()]
    assert names == sorted(names)


def test_ids_are_the_slugs_of_the_names():
    assert all(artist.id == slug(artist.name) for artist in catalogue())
    assert slug("Paul Cézanne") == "paul-cezanne"


def test_links_are_https():
    prefix = "https://en.wikipedia.org/wiki/"
    assert all(artist.wikipedia.startswith(prefix) for artist in catalogue())


@pytest.mark.parametrize(("spelling", "artist_id"), SPELLINGS)
def test_every_spelling_finds_its_artist(spelling: str, artist_id: str):
    assert find(spelling) is get(artist_id)
    assert find(spelling.replace(" ", "_")) is get(artist_id)


@pytest.mark.parametrize(
    "folder",
    [
        "Albrecht_DuΓòá├¬rer",
        "Albrecht_Du╠êrer",
        "Albrecht_DuÔòá├¬rer",
        "Albrecht_Du╠Érer",
        "Albrecht_Du\u0308rer",
        "Albrecht_DÃ¼rer",
        "Albrecht_DÃ\u0083Â¼rer",
        "Albrecht_D├╝rer",
        "Albrecht_D\u221a\u00barer",
        "Albrecht_DuÌˆrer",
        "Albrecht_Du\u00cc\u0088rer",
        "Albrecht_D\u207frer",
        "Albrecht_D\ufffdrer",
        "Albrecht_D?rer",
        "Albrecht_Durer",
        "Albrecht_Duerer",
    ],
)
def test_kaggles_broken_duerer_folders(folder: str):
    assert find(folder) is get("albrecht-durer")


@pytest.mark.parametrize(
    ("name", "artist_id"),
    [
        ("Gogh, Vincent van", "vincent-van-gogh"),
        ("Dürer, Albrecht", "albrecht-durer"),
        ("TURNER, J.M.W.", "j-m-w-turner"),
        ("  pierre  auguste__RENOIR ", "pierre-auguste-renoir"),
        ("Toulouse Lautrec", "henri-de-toulouse-lautrec"),
    ],
)
def test_other_ways_to_write_a_name(name: str, artist_id: str):
    assert find(name) is get(artist_id)


@pytest.mark.parametrize("first", ["cp437", "cp850", "cp1252", "latin-1", "mac-roman"])
@pytest.mark.parametrize("second", ["cp437", "cp850", "cp1252", "latin-1", "mac-roman"])
@pytest.mark.parametrize(
    "artist", [a for a in artists.catalogue() if not a.name.isascii()], ids=lambda a: a.id
)
def test_any_name_with_diacritics_is_found_when_it_was_misread(artist, first, second):
    broken = artist.name.encode().decode(first, "replace")
    assert artists.find(broken) is artist
    assert artists.find(broken.encode().decode(second, "replace")) is artist


@pytest.mark.parametrize("fragment", ["rer", "Du", "?", "\ufffd", "Ã¼", "zanne"])
def test_what_is_left_of_a_name_is_no_name(fragment):
    assert artists.find(fragment) is None


def test_a_misread_name_never_takes_the_place_of_a_right_one(monkeypatch, tmp_path):
    head, *rows = reading.TABLE.read_text(encoding="utf-8").splitlines()
    added = rows[0].replace("albrecht-durer", "d-rer").replace("Albrecht Dürer", "Albrecht D Rer")
    added = added.rpartition(",")[0] + ","
    table = tmp_path / "artists.csv"
    table.write_text("\n".join([head, *rows, added]) + "\n", encoding="utf-8")
    monkeypatch.setattr(reading, "TABLE", table)
    for cached in (artists.catalogue, people._spellings):
        cached.cache_clear()
    try:
        assert artists.find("Albrecht D├╝rer").id == "d-rer"
        assert artists.find("Albrecht Dürer").id == "albrecht-durer"
    finally:
        monkeypatch.undo()
        for cached in (artists.catalogue, people._spellings):
            cached.cache_clear()


@pytest.mark.parametrize("name", ["", " ", ",", "_", "Vincent", "Johannes Vermeer"])
def test_strangers_are_not_found(name: str):
    assert find(name) is None


def test_training_names_find_distinct_artists():
    found = {find(name) for name in TRAINED}
    assert None not in found
    assert len(found) == len(TRAINED) == 50


def test_get_suggests_the_id():
    with pytest.raises(KeyError, match="did you mean 'paul-cezanne'"):
        get("Cézanne")
    with pytest.raises(KeyError, match="ids look like"):
        get("nobody")


def test_a_shared_spelling_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monet, manet = get("claude-monet"), get("edouard-manet")
    with pytest.raises(ValueError, match="'claude-monet' and 'edouard-manet'"):
        people._index([monet, replace(manet, aliases=("claude MONET",))])

    table = tmp_path / "artists.csv"
    header, *lines = reading.TABLE.read_text("utf-8").splitlines()
    table.write_text("\n".join([header, lines[0], lines[0]]), "utf-8")
    monkeypatch.setattr(reading, "TABLE", table)
    with pytest.raises(ValueError, match="is both"):
        catalogue.__wrapped__()


def test_years_have_an_en_dash():
    assert get("vincent-van-gogh").years == "1853–1890"
    assert all(artist.born < artist.died for artist in catalogue())


def test_movements_are_separate():
    assert get("paul-klee").movements == ("Expressionism", "Abstractionism", "Surrealism")


def test_numbers_of_the_fifty():
    counts = [artist.paintings for artist in catalogue() if artist.paintings is not None]
    assert round(statistics.mean(counts), 2) == 168.92
    assert round(statistics.stdev(counts), 2) == 157.45
    assert statistics.median(counts) == 123


def test_public_domain(monkeypatch: pytest.MonkeyPatch):
    in_year(monkeypatch, 2026)
    assert get("vincent-van-gogh").public_domain
    for protected in ("Dalí", "Picasso", "Chagall", "Warhol", "Magritte"):
        assert not find(protected).public_domain


def test_public_domain_begins_on_new_year_of_the_71st_year(monkeypatch: pytest.MonkeyPatch):
    matisse = get("henri-matisse")
    in_year(monkeypatch, 2024)
    assert matisse.died == 1954
    assert not matisse.public_domain
    in_year(monkeypatch, 2025)
    assert matisse.public_domain


@pytest.mark.parametrize("artist", catalogue(), ids=lambda artist: artist.id)
def test_a_note_is_one_sentence(artist: artists.Artist):
    assert 10 <= len(artist.note.split()) <= 30
    assert artist.note.endswith(".")
    assert not re.search(r"[.!?]", artist.note[:-1])


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published table is not at hand")
def test_the_fifty_are_as_published():
    published = list(csv.DictReader(PUBLISHED.open(encoding="utf-8")))
    ours = {row["best_artworks_id"]: row for row in ROWS if row["best_artworks_id"]}
    assert len(published) == len(ours) == 50
    for row in published:
        own = ours[row["id"]]
        assert find(row["name"]) is get(own["id"])
        for column in ("years", "genre", "nationality", "paintings"):
            assert own[column] == row[column], own["id"]
        assert own["wikipedia"].split("://")[1] == row["wikipedia"].split("://")[1]


@given(st.text(st.characters(exclude_categories=())))
def test_find_never_raises(name: str):
    found = find(name)
    assert found is None or found in catalogue()


@given(
    st.sampled_from(SPELLINGS),
    st.lists(
        st.sampled_from(
            [
                str.upper,
                str.lower,
                str.title,
                str.swapcase,
                without_diacritics,
                lambda text: unicodedata.normalize("NFC", text),
                lambda text: unicodedata.normalize("NFD", text),
            ]
        ),
        max_size=4,
    ),
)
def test_case_and_diacritics_do_not_matter(spelling: tuple[str, str], changes: list):
    name, artist_id = spelling
    for change in changes:
        name = change(name)
    assert find(name) is get(artist_id)
