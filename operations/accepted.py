"""Pictures that keepers accepted, laid out as new paintings for a cycle, with a record."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import artists, collection
from core.errors import AtelierError
from core.files import OutputError, check_output, csv_text, printable, write
from core.journal import reviewing
from core.journal.reviewing import Accepted
from operations.cycle import paintings, validating
from operations.cycle.paintings import Painting
from operations.cycle.validating import Looked

log = logging.getLogger(__name__)

RECORD = "accepted.csv"

_RECORDED = (
    *("file", "artist", "accepted_by", "accepted", "prediction_id", "said", "model", "version"),
    *("picture_sha256", "sha256"),
)


class NothingAccepted(AtelierError):
    """No accepted picture that could be written."""

    code = "nothing-accepted"


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        pictures: How many; those that were there before do not count.
        elsewhere: How many were accepted whose files are not on this machine.
        twins: How many were left out because they show a painting that is there already; those
            that were there before count, if since then the painting has come to be there.
        unknown: How many were left out because their artist is not in the catalogue.
    """

    pictures: int
    elsewhere: int
    twins: int
    unknown: int


def write_out(
    directory: Path,
    known: Sequence[Path] = (),
    *,
    before: Path | None = None,
    again: bool = False,
) -> Written:
    """Writes the accepted pictures, an index, and who accepted them, when, from which request.

    A painting that several show is taken once; of those that disagree on who painted it, none.

    Args:
        directory: New, or empty.
        known: Directories of paintings so far: what shows one of them is left out.
        before: A directory that was written so: what it has comes first, less what keepers have
            taken back since, or accepted as another artist's, and what shows one of `known`.
        again: Whether what `before` has is enough, since no cycle has ended with it.

    Raises:
        NothingAccepted: If there is nothing to write; the directory is not made then.
        OutputError: If the directory is not empty, or cannot be written.
        core.collection.CollectionError: If there are no paintings in one of `known`.
        core.journal.JournalError: If the journal cannot be read.
    """
    check_output(directory / "index.csv")
    if directory.exists() and any(directory.iterdir()):
        raise OutputError(f"{printable(directory)} is not empty: name another directory.")
    index, record = _rows_of(before)
    everything = reviewing.accepted()
    # A painter who was taught is none of the data, so that a cycle would refuse all of it.
    listed = {None, *(artist.id for artist in artists.catalogue())}
    known_ones = [each for each in everything if each.said.artist in listed]
    here = {
        _file(each.said.artist, each.said.prediction_id): each
        for each in known_ones
        if each.path.is_file()
    }
    old = validating.look([each for folder in known for each in paintings.read(folder)])
    gone: set[str] = set()
    if before is not None:
        stays = {file for file, *_ in index[1:]}  # what was taken back hides no other
        kept, gone = _kept([each for each in paintings.read(before) if each.file in stays], old)
        old = Looked(old.paintings + kept.paintings, old.measured + kept.measured)
        index, record = ([row for row in rows if row[0] not in gone] for rows in (index, record))
    twins = _twins(old, here)
    chosen = {file: each for file, each in here.items() if file not in twins}
    if not chosen and not (again and len(index) > 1):
        raise NothingAccepted(
            "Each picture that was accepted shows a painting that is there already."
            if here or gone
            else "No picture that was accepted is kept on this machine."
        )
    if before is not None:
        for file, *_ in index[1:]:
            write(directory / file, (before / file).read_bytes())
    for file, each in chosen.items():
        data = each.path.read_bytes()
        write(directory / file, data)
        index.append((file, _artist(each), collection.dealt(directory / file)))
        record.append((file, *_recorded(each, data)))
    write(directory / RECORD, csv_text(record))
    write(directory / "index.csv", csv_text(index))  # the last: with it the directory is whole
    return Written(
        len(chosen),
        len(known_ones) - len(here),
        len(twins | gone),
        len(everything) - len(known_ones),
    )


def _rows_of(before: Path | None) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """The index and the record so far, with their heads, less what is not accepted as it was."""
    if before is None:
        return [("file", "artist", "split")], [_RECORDED]
    index, record = (
        list(map(tuple, csv.reader(io.StringIO((before / name).read_bytes().decode(), newline=""))))
        for name in ("index.csv", RECORD)
    )
    predictions = {row[0]: int(row[_RECORDED.index("prediction_id")]) for row in record[1:]}
    # Also of those whose copies are kept no longer: a label known to be wrong is not trained with.
    stands = reviewing.stands(set(predictions.values()))
    gone = {
        file
        for file, prediction in predictions.items()
        if (now := stands.get(prediction)) and not (now[0] and file == _file(now[1], prediction))
    }
    return [row for row in index if row[0] not in gone], [r for r in record if r[0] not in gone]


def _file(artist: str | None, prediction_id: int) -> str:
    return f"{artist or collection.OTHER}/visitor-{prediction_id}.jpg"


def _artist(of: Accepted) -> str:
    named = of.said.artist
    return f"{collection.OTHER}:" if named is None else artists.get(named).name


def _recorded(of: Accepted, data: bytes) -> tuple[str, ...]:
    return (
        _artist(of),
        of.who,
        of.time.isoformat(" ", "seconds"),
        str(of.said.prediction_id),
        of.said.time.isoformat(" ", "seconds"),
        of.said.model,
        of.said.version or "",
        of.picture_sha256,
        hashlib.sha256(data).hexdigest(),
    )


def _kept(before: Sequence[Painting], old: Looked) -> tuple[Looked, set[str]]:
    """What stays of the paintings of before, and the files of those that the data have as well.

    Data grow and are divided anew: what was new may be a test painting by now.
    """
    looked = validating.look(before)
    _, with_old = validating.twins(old, looked)
    gone = set()
    for one, other in with_old:
        gone.add(one.file)
        log.warning("%s is left out: it shows %s, in split %s.", one.file, other.path, other.split)
    rows = zip(looked.paintings, looked.measured, strict=True)
    stays = [row for row in rows if row[0].file not in gone]
    return Looked(tuple(each for each, _ in stays), tuple(each for _, each in stays)), gone


def _twins(old: Looked, new: Mapping[str, Accepted]) -> set[str]:
    """Which of the new files are left out: the first of several of one painting stays."""
    looked = {
        Painting(
            each.path.parent, each.path.name, _artist(each), "", each.said.artist is None
        ): file
        for file, each in new.items()
    }
    within, with_old = validating.twins(old, validating.look(list(looked)))
    out = {looked[one] for one, _ in with_old} | {looked[other] for _, other in within}
    return out | {looked[one] for one, other in within if one.artist != other.artist}
