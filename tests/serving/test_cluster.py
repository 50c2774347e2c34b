"""One contract here and on a Ray cluster: of the service's engine, and of who works folders off.

One file, since a cluster takes long to begin.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from core import files, identify, images, similar
from core.cli.runs import crews
from core.collection import scan
from core.errors import InvalidRequest
from core.jobs.durable import DatabaseEngine
from core.processes import crew
from core.settings import settings
from serving.app import create_app
from serving.engines.interface import Engine
from serving.engines.local import Local
from serving.messages.problems import Gone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Is there for all tests of a file."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs Ray (requirements-ray.txt)")
    from serving.cluster import connection

    connection.connect(8)
    yield
    connection.required().shutdown()


def number(stopping: Callable[[], bool]) -> int:
    return os.getpid()


def fails(stopping: Callable[[], bool]) -> None:
    raise InvalidRequest("A sentence.")


def breaks(stopping: Callable[[], bool]) -> None:
    raise ZeroDivisionError


class Waits:
    """Work that ends when it is told to, and then leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, stopping: Callable[[], bool]) -> None:
        self.mark.with_suffix(".begun").touch()
        while not stopping():
            time.sleep(0.01)
        self.mark.touch()


class DiesOnce:
    """Work that takes its process with it, the first time."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, stopping: Callable[[], bool]) -> int:
        if not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ray") / "journal.db"


@pytest.fixture(scope="module")
def by_ray(cluster: None, journal: Path) -> Engine:
    """The cluster, with a journal of its own, and a process of each kind."""
    from serving.cluster.engine import Cluster

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "ATELIER_JOURNAL_URL": f"sqlite:///{journal}",
            "ATELIER_CACHE": str(journal.parent / "cache"),
            "ATELIER_RAY_IDENTIFY_REPLICAS": "1",
            "ATELIER_RAY_PAINTING_THREADS": "1",
            "ATELIER_OFFLINE": "true",
        }.items():
            patch.setenv(name, value)
        settings.cache_clear()
        engine = Cluster(1)
        engine.start()
    return engine


@pytest.fixture(params=["local", "ray"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return Local() if request.param == "local" else request.getfixturevalue("by_ray")


def asking() -> bool:
    return False


def test_work_is_done_and_its_errors_are_those_of_who_asked(engine: Engine, tmp_path: Path):
    for place in engine.most:
        assert (engine.do(place, number, asking) == os.getpid()) == isinstance(engine, Local)
        with pytest.raises(InvalidRequest, match=r"^A sentence\.$"):
            engine.do(place, fails, asking)
        with pytest.raises(ZeroDivisionError):
            engine.do(place, breaks, asking)


def test_work_is_told_when_nobody_waits(engine: Engine, tmp_path: Path):
    mark, left = tmp_path / "mark", threading.Event()
    timer = threading.Thread(target=lambda: (_until(mark.with_suffix(".begun")), left.set()))
    timer.start()
    try:
        engine.do("paint", Waits(mark), left.is_set)
    except Gone:
        assert not isinstance(engine, Local)
    timer.join()
    _until(mark)


def _until(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def test_the_service_answers_alike(engine: Engine, painting: bytes, small: bytes):
    app: FastAPI = create_app(engine=_Begun(engine) if not isinstance(engine, Local) else engine)
    with TestClient(app) as client:
        named = client.post("/v1/identifications", files={"picture": painting})
        assert named.status_code == 200, named.text
        assert named.json()["artists"][0]["id"] == "vincent-van-gogh"
        assert named.json()["prediction_id"] is not None
        lit = client.post("/v1/explanations", files={"picture": small})
        assert images.load(lit.content).pixels.shape == (48, 64, 3)
        painted = client.post("/v1/paintings", files={"picture": small})
        assert images.load(painted.content).pixels.shape == (48, 64, 3)
        assert painted.headers["Atelier-Model"] == "photo_to_monet"
        broken = client.post("/v1/identifications", files={"picture": b"nothing"})
        assert (broken.status_code, broken.json()["code"]) == (422, "unreadable-picture")


def test_similar_paintings_are_those_of_core(
    engine: Engine, journal: Path, tmp_path: Path, painting: bytes, small: bytes, monkeypatch
):
    place = tmp_path / "paintings" / "Somebody"
    place.mkdir(parents=True)
    (place / "a_village.jpg").write_bytes(painting)
    (place / "b.png").write_bytes(small)
    monkeypatch.setenv("ATELIER_CACHE", str(journal.parent / "cache"))
    monkeypatch.setenv("ATELIER_COLLECTION", str(place.parent))
    settings.cache_clear()
    with TestClient(create_app(engine=_Begun(engine))) as client:
        early = client.post("/v1/similar", files={"picture": painting})
        assert (early.status_code, early.json()["code"]) == (503, "not-indexed")
        scan.scan(place.parent, workers=1)
        similar.build(place.parent)
        found = client.post("/v1/similar", files={"picture": painting}).json()
    expected = similar.similar(images.load(painting, enough=identify.ENOUGH), place.parent)
    assert [each["file"] for each in found["paintings"]] == [n.painting.file for n in expected]
    assert found["paintings"][0]["distance"] == pytest.approx(expected[0].distance, abs=1e-5)


class _Begun:
    """An engine that tests share: it neither begins nor ends with a service."""

    def __init__(self, engine: Engine) -> None:
        self.most, self.do = engine.most, engine.do

    def start(self) -> None: ...

    def close(self) -> None: ...


def test_what_dies_with_its_process_is_done_by_another(by_ray: Engine, tmp_path: Path):
    before = by_ray.do("identify", number, asking)
    assert by_ray.do("identify", DiesOnce(tmp_path / "mark"), asking) != before


def test_the_cluster_listens_to_nobody_else(cluster: None):
    listening = _listening()
    assert listening
    assert all(address in ("0100007F", _LOOPBACK_6, _MAPPED) for address in listening), listening


_LOOPBACK_6 = "00000000000000000000000001000000"
_MAPPED = "0000000000000000FFFF00000100007F"


def _listening() -> set[str]:
    """Local addresses, as the kernel writes them, at which processes of Ray listen."""
    sockets = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                sockets[f"socket:[{fields[9]}]"] = fields[1].partition(":")[0]
    session = str(Path("/tmp/ray/session_latest").readlink())
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes().decode(errors="replace")
            if session not in told:
                continue
            for each in (process / "fd").iterdir():
                found.add(sockets.get(str(each.readlink())))
        except OSError:
            continue
    return found - {None}


def test_jobs_are_rows_that_a_replica_works_off(by_ray: Engine, journal: Path, small: bytes):
    from core.monet import MonetRequest
    from core.monet.durable import MONET, MonetOrder

    order = MonetOrder(request=MonetRequest(), picture=small)
    job = DatabaseEngine(f"sqlite:///{journal}").submit(MONET, order)
    made = job.result(timeout=120)
    assert images.load(made.data).pixels.shape == (48, 64, 3)


def _halve(common: int, item: int) -> float:
    if item == 3:
        raise files.OutputError("three")
    if item == 4:
        raise ZeroDivisionError
    return common / item


def _die_once(common: Path, item: int) -> int:
    mark = common / str(item)
    if item == 2 and not mark.exists():
        mark.touch()
        os._exit(1)
    return item


def _die(common: int, item: int) -> int:
    if item == 2:
        os._exit(1)
    return item


@pytest.fixture(params=["local", "ray"])
def hired(request: pytest.FixtureRequest) -> Callable[[int], crews.Crew]:
    if request.param == "ray":
        request.getfixturevalue("cluster")
    return lambda count: crews.hired(request.param, count)


def told(results: Any) -> dict[int, Any]:
    found = {}
    for number, result in results:
        try:
            found[number] = result()
        except Exception as error:
            found[number] = error
    return found


def test_each_item_has_its_result_or_its_error(hired):
    found = told(hired(2).work(_halve, 12, [1, 2, 3, 4, 6], 2))
    assert (found[0], found[1], found[4]) == (12.0, 6.0, 2.0)
    assert isinstance(found[2], files.OutputError)
    assert str(found[2]) == "three"
    assert isinstance(found[3], ZeroDivisionError)


def test_nothing_is_nothing(hired):
    assert told(hired(2).work(_halve, 12, [], 2)) == {}


def test_whoever_stops_listening_ends_it(hired):
    results = hired(2).work(_halve, 12, [1] * 50, 2)
    assert next(results)[1]() == 12.0
    results.close()


def test_who_dies_is_told_of(hired):
    found = told(hired(2).work(_die, 0, [2], 2))
    assert isinstance(found[0], crew.ProcessDied)


def test_an_actor_that_dies_costs_nothing(cluster, tmp_path: Path):
    found = told(crews.hired("ray", 2).work(_die_once, tmp_path, list(range(6)), 2))
    assert found == {number: number for number in range(6)}
