"""The learning of artists' styles: a few statistics of several paintings of each.

Which ones says `choosing`. Their Gram matrices are averaged, as if they hung side by side.
What is stored is described in `core.stylize.artist_styles`.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import tensorflow as tf

from core import artists, images, models
from core.collection import CollectionError, read_index
from core.files import check_output, write
from core.hardware import compute_dtype
from core.stylize import artist_places, artist_styles, extractors, instant
from core.stylize.objective import forms, losses
from training.data import dataset
from training.data.dataset import Data
from training.data.files import json_text
from training.data.inputs import TrainingError, check_readable
from training.stylizer import artist_places as places_of
from training.stylizer.artist_places import loaded, sized, write_arrays
from training.stylizer.choosing import Options, choose, color_spread, is_drawing, standardized

log = logging.getLogger(__name__)

NETWORK = "vgg16"  # which the decoder of instant reads, too


class Extractor:
    """The feature extractor, VGG16, and what of its maps describes a painting."""

    def __init__(self) -> None:
        """Loads it: to choose with in the fastest arithmetic, to describe with in float32."""
        self.quick = extractors.load(NETWORK, dtype=compute_dtype())
        self.exact = extractors.load(NETWORK, dtype="float32")
        self._glance = instant.TensorFlowNetworks(self.quick, None)
        self._seen = instant.TensorFlowNetworks(self.exact, None)
        self._grams = self._of_maps(
            self.exact.network.style,
            lambda maps: losses.accumulate(maps, {"grams": maps})["grams"],
        )
        self._hypercolumns = self._of_maps(forms.LAYERS, forms.hypercolumns)

    def _of_maps(self, layers: Iterable[str], then: Callable) -> Callable:
        """A graph from a picture to what is computed of its maps, `(height, width, channels)`."""
        seen = self.exact.layers(layers)

        @tf.function(input_signature=[tf.TensorSpec((None, None, 3), tf.float32)])
        def run(rgb):
            maps = seen(self.exact.network.preprocessing(rgb[None]), training=False)
            return then({name: map_[0] for name, map_ in maps.items()})

        return run

    def vector(self, picture: np.ndarray) -> np.ndarray:
        """One vector for the style of a picture, to choose by, see `instant.style_vector`."""
        return instant.style_vector(self._glance.encode(picture[None]).statistics.moments)[0]

    def moments(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Layer to `(2, channels)`, see `instant.Statistics`."""
        found = self._seen.encode(picture[None]).statistics.moments
        return {name: values[0] for name, values in found.items()}

    def grams(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Layer to Gram matrix."""
        return {name: values.numpy() for name, values in self._grams(picture).items()}

    def hypercolumns(self, picture: np.ndarray) -> np.ndarray:
        """What each place looks like, `(height, width, channels)`, see `forms.hypercolumns`."""
        return self._hypercolumns(picture).numpy()


def publish(
    data: Data,
    out: Path = artist_styles.ASSETS,
    options: Options | None = None,
    *,
    missing: bool = False,
) -> list[artist_styles.Entry]:
    """Learns the styles of a data set and writes them, with their places and their catalogues.

    Args:
        data: Paintings, see `dataset.read`; only the split `train` is used.
        out: Directory to write; what was there of earlier styles is removed.
        options: Default ones if None.
        missing: Whether styles that are there stay, and only those of other artists are learned,
            in comparison with a few paintings of the former.

    Returns:
        The new ones.

    Raises:
        CollectionError: If there are no paintings.
        TrainingError: If there are too few of everybody, or some cannot be read.
    """
    options = options or Options()
    check_output(out / "styles.json")
    kept = _listed(out) if missing else []
    there = {entry.artist for entry in kept}
    chosen, extractor = _chosen(data, options, there)
    command = f"python -m training styles --data DIR{' --missing' * missing} --seed {options.seed}"
    entries = []
    for artist_id, paths in chosen.items():
        pictures = loaded(paths)
        style = learn(artists.get(artist_id), pictures, extractor, options)
        entries.append(_write(style, len(pictures), out, options, command))
    places_of.publish(
        chosen, extractor.hypercolumns, out, options, missing=missing, command=command
    )
    # The list comes last: until then it names the styles of before, which are still there.
    order = {artist.id: place for place, artist in enumerate(artists.catalogue())}
    listed = sorted([*kept, *entries], key=lambda entry: order[entry.artist])
    write(out / "styles.json", json_text([entry.model_dump() for entry in listed]))
    for old in set(out.glob("*.npz")) - {out / entry.file for entry in listed}:
        if re.sub("-[0-9a-f]{8}$", "", old.stem) in order:  # as `_write` names styles
            old.unlink(missing_ok=True)
    return entries


def publish_places(
    data: Data,
    out: Path = artist_styles.ASSETS,
    options: Options | None = None,
    *,
    missing: bool = False,
) -> list[artist_places.Entry]:
    """Learns places for styles that are there, which stay as they are.

    The paintings are chosen again as they were for the styles: with the same paintings, seed and
    `missing` they are the same, but for close decisions on another processor. Whether they are is
    seen by their mean color, and the log says where not.

    Args:
        data: See `publish`.
        out: Directory of the styles.
        options: Default ones if None.
        missing: Whether places that are there stay, and only those of other artists are learned.

    Returns:
        The new ones.

    Raises:
        CollectionError: See `publish`.
        TrainingError: So, too, or if places of others are there that would be lost.
    """
    options = options or Options()
    check_output(out / artist_places.LISTED)
    styles = {entry.artist: entry for entry in _listed(out)}
    listed = artist_places.catalogue(out)
    known = {entry.artist for entry in listed.places} if listed else set()
    found, extractor = _chosen(data, options, known if missing else set())
    chosen = {artist_id: each for artist_id, each in found.items() if artist_id in styles}
    if not chosen:
        raise TrainingError(f"Of nobody in {dataset.title(data)} there is a style without places.")
    if (lost := known - chosen.keys()) and not missing:
        raise TrainingError(
            f"Places of {len(lost)} artists are there who are not in {dataset.title(data)}, "
            f"{artists.get(min(lost)).name} among them: add their data, or --missing."
        )
    for artist_id, paths in chosen.items():
        entry = styles[artist_id]
        with np.load(models.checked(out / entry.file, entry.sha256), allow_pickle=False) as file:
            was = artist_styles.unpack(artists.get(artist_id), entry.network, dict(file))
        if np.abs(_mean_colors(loaded(paths)).mean(0) - was.color_mean).max() > 0.1:
            log.warning("%s: other paintings than those of the style", artist_id)
    command = "python -m training styles --data DIR --places"
    command += f"{' --missing' * missing} --seed {options.seed}"
    return places_of.publish(
        chosen, extractor.hypercolumns, out, options, missing=missing, command=command
    )


def _chosen(
    data: Data, options: Options, there: Set[str]
) -> tuple[dict[str, list[Path]], Extractor]:
    """The paintings that make styles, by artist but for those that are there; and who looked."""
    found, rng = by_artist(data), np.random.default_rng(options.seed)
    candidates = {}
    for artist_id, paths in found.items():
        most = options.compared if artist_id in there else options.candidates
        candidates[artist_id] = [paths[n] for n in sorted(rng.permutation(len(paths))[:most])]
    check_readable([path for paths in candidates.values() for path in paths])
    extractor = Extractor()  # which takes its time: not for data that is refused
    looks: dict[str, list[_Look]] = {}
    for artist_id, paths in candidates.items():
        seen = [look for path in paths if (look := _look(path, extractor, options))]
        if len(seen) >= options.least:
            looks[artist_id] = seen
            log.info("%s: %d paintings", artist_id, len(seen))
    if not looks.keys() - there:
        raise TrainingError(
            f"A style takes {options.least} colorful paintings of an artist whose works are free, "
            f"in the split train: nobody else has so many in {dataset.title(data)}."
        )
    vectors = standardized({name: [each.vector for each in seen] for name, seen in looks.items()})
    made = {}
    for artist_id, seen in looks.items():
        if artist_id in there:
            continue
        count = max(options.least, math.ceil(options.colorful * len(seen)))
        lively = np.sort(np.argsort([-look.spread for look in seen], kind="stable")[:count])
        others = [each for other, each in vectors.items() if other != artist_id]
        chosen = [seen[lively[n]] for n in choose(vectors[artist_id][lively], others, options)]
        made[artist_id] = [look.path for look in chosen]
        log.info("%s: %s", artist_id, ", ".join(path.name for path in made[artist_id]))
    return made, extractor


def _listed(out: Path) -> list[artist_styles.Entry]:
    """The styles that are there."""
    try:
        text = (out / "styles.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [artist_styles.Entry.model_validate(each) for each in json.loads(text)]


def by_artist(data: Data) -> dict[str, list[Path]]:
    """The train paintings of artists who are known and whose works are free, by id, sorted.

    An index also names painters outside the collection of the classifier.
    """
    found: dict[str, list[Path]] = {}
    for name, path in (each for directory in dataset.listed(data) for each in _named(directory)):
        artist = artists.find(name)
        if artist and artist.public_domain:
            found.setdefault(artist.id, []).append(path)
    if not found:
        raise CollectionError(
            f"No paintings of artists whose works are free in {dataset.title(data)}."
        )
    return {artist.id: sorted(found[artist.id]) for artist in artists.catalogue()
            if artist.id in found}  # fmt: skip


def _named(directory: Path) -> Iterator[tuple[str, Path]]:
    """Painter and file of the train paintings of a directory."""
    index = directory / "index.csv"
    if index.is_file():
        rows = read_index(index, split=True)
        yield from ((row.painter, directory / row.file) for row in rows if row.split == "train")
    else:
        listed = dataset.read(directory)
        yield from ((each.artist or "", each.path) for each in listed if each.split == "train")


def learn(
    artist: artists.Artist, paintings: Sequence[np.ndarray], extractor: Extractor, options: Options
) -> artist_styles.ArtistStyle:
    """The style that paintings have in common.

    Args:
        paintings: RGB uint8, `(height, width, 3)` of any size.
    """
    grams = {}
    for rows in options.rows:
        seen = [extractor.grams(sized(picture, rows)) for picture in paintings]
        grams[rows] = {
            name: low_rank(mean_gram([each[name] for each in seen]), options) for name in seen[0]
        }
    described = [extractor.moments(sized(picture, options.rows[0])) for picture in paintings]
    means = _mean_colors(paintings)
    within = np.mean([np.cov(picture.reshape(-1, 3).T) for picture in paintings], axis=0)
    between = np.cov(means.T, bias=True)
    return artist_styles.ArtistStyle(
        artist,
        NETWORK,
        grams,
        {name: np.mean([each[name] for each in described], axis=0) for name in described[0]},
        means.mean(0).astype(np.float32),
        (within + between).astype(np.float32),
    )


def _mean_colors(paintings: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack([picture.reshape(-1, 3).mean(0) for picture in paintings])


def mean_gram(grams: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of Gram matrices, to which each gives the same energy.

    Otherwise the painting of the strongest contrast would be most of it.
    """
    sizes = np.array([np.linalg.norm(gram) + 1e-12 for gram in grams])
    mean = np.mean([gram / size for gram, size in zip(grams, sizes, strict=True)], axis=0)
    return mean * np.exp(np.log(sizes).mean())


def low_rank(gram: np.ndarray, options: Options) -> artist_styles.LowRank:
    """Nearly the same matrix in few numbers.

    The rank is the least that lacks at most a share of `options.lost` of the energy, the sum of
    squares. What a diagonal then adds, by principal factor analysis, about halves that.

    Args:
        gram: `(channels, channels)`, symmetric and not negative.
    """
    gram = gram.astype(np.float64)
    rest, rank = np.zeros(len(gram)), 0
    for _ in range(2):  # more would gain little
        values, vectors = np.linalg.eigh(gram - np.diag(rest))
        values = np.maximum(values, 0)
        if not rank:
            lacking = 1 - np.cumsum(values[::-1] ** 2) / ((values**2).sum() + 1e-30)
            rank = int(np.clip(1 + np.sum(lacking > options.lost), *options.ranks))
        factor = vectors[:, -rank:] * np.sqrt(values[-rank:])
        rest = np.maximum(np.diag(gram) - np.square(factor).sum(1), 0)
    return artist_styles.LowRank(factor.astype(np.float32), rest.astype(np.float32))


@dataclass(frozen=True)
class _Look:
    path: Path
    spread: float
    vector: np.ndarray


def _look(path: Path, extractor: Extractor, options: Options) -> _Look | None:
    """What is needed to choose; None for drawings."""
    picture = images.load(path).pixels
    if is_drawing(picture):
        return None
    vector = extractor.vector(sized(picture, options.rows[0]))
    return _Look(path, color_spread(picture), vector)


def _write(
    style: artist_styles.ArtistStyle, paintings: int, out: Path, options: Options, command: str
) -> artist_styles.Entry:
    file = write_arrays(artist_styles.pack(style), out / f"{style.artist.id}.npz")
    return artist_styles.Entry(
        **file.model_dump(),
        artist=style.artist.id,
        paintings=paintings,
        network=style.network,
        date=date.today().isoformat(),
        seed=options.seed,
        command=command,
    )
