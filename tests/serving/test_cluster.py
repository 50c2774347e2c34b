"""One contract here and on a Ray cluster: of the service's engine, and of who works folders off.

One file, since a cluster takes long to begin.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
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
from core.settings import ROOT, settings
from serving.app import create_app
from serving.engines.interface import Engine, Unavailable
from serving.engines.local import Local
from serving.messages.problems import Gone

pytestmark = pytest.mark.slow

LIMIT = 120  # seconds


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
    timer = threading.Thread(target=lambda: (_until(mark.with_suffix(".begun").exists), left.set()))
    timer.start()
    try:
        engine.do("paint", Waits(mark), left.is_set)
    except Gone:
        assert not isinstance(engine, Local)
    timer.join()
    _until(mark.exists)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end
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


def test_it_ends_while_an_application_is_not_there_yet(cluster: None, monkeypatch):
    from serving.cluster import deployments
    from serving.cluster.engine import Cluster

    monkeypatch.setattr(deployments, "PREFIX", "nobodys-")
    engine, ended = Cluster(), threading.Event()

    def start() -> None:
        with pytest.raises(Unavailable, match="ends before"):
            engine.start()
        ended.set()

    threading.Thread(target=start, daemon=True).start()
    _until(engine._starting.locked)
    engine.close()
    assert ended.wait(LIMIT)


def test_it_ends_while_the_cluster_has_no_room_for_it(cluster: None, monkeypatch):
    from ray import serve

    from serving.cluster import deployments

    monkeypatch.setenv("ATELIER_RAY_THREADS", "1000")
    settings.cache_clear()
    monkeypatch.setattr(deployments, "PREFIX", "large-")
    monkeypatch.setattr(deployments, "paint", deployments.identify)
    looks = iter([False, True])
    try:
        with pytest.raises(Unavailable, match="ends before"):
            deployments.start(0, lambda: next(looks))
    finally:
        for name in ("large-identify", "large-paint"):
            serve.delete(name, _blocking=False)


def test_nothing_is_tried_again_for_who_has_gone(cluster: None):
    import ray

    from serving.cluster.engine import Cluster

    class Dead:
        """A handle all of whose replicas have died."""

        asked = 0

        @property
        def do(self) -> Any:
            return self

        def remote(self, work: object) -> Any:
            Dead.asked += 1
            raise ray.exceptions.ActorDiedError

    engine = Cluster()
    engine._handles["identify"] = Dead()
    with pytest.raises(Gone):
        engine.do("identify", number, lambda: True)
    assert Dead.asked == 1
    with pytest.raises(Unavailable, match="Nobody"):
        engine.do("identify", number, asking)
    assert Dead.asked > 2


def test_what_dies_with_its_process_is_done_by_another(by_ray: Engine, tmp_path: Path):
    before = by_ray.do("identify", number, asking)
    assert by_ray.do("identify", DiesOnce(tmp_path / "mark"), asking) != before


def test_the_cluster_listens_to_nobody_else_but_by_replicas_who_want_its_token(by_ray: Engine):
    grpc = pytest.importorskip("grpc")
    found = _listening()
    assert any("raylet" in title for title, _, _ in found)
    open_to_all = {each for each in found if each[1] not in _LOOPBACK}
    assert all(title.startswith("ray::ServeReplica") for title, _, _ in open_to_all), open_to_all
    refused = []
    for _, _, port in open_to_all:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            ask = channel.unary_unary("/ray.serve.ASGIService/HandleRequest")
            with pytest.raises(grpc.RpcError) as told:
                ask(b"", timeout=LIMIT)
            refused.append(told.value.code())
    assert refused == [grpc.StatusCode.UNAUTHENTICATED] * len(open_to_all)
    assert refused


# Addresses as the kernel writes them; the last is 127.0.0.1 for a socket of IPv6.
_LOOPBACK = (
    "0100007F",
    "00000000000000000000000001000000",
    "0000000000000000FFFF00000100007F",
)


def test_another_process_of_this_machine_finds_it(cluster: None):
    ours = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # of the one that has started it
    found = subprocess.run(
        [
            *(sys.executable, "-c"),
            "from serving.cluster import connection as c; c.connect(1); "
            "print(c.required().cluster_resources()['CPU'])",
        ],
        cwd=ROOT,
        env={n: v for n, v in os.environ.items() if n != ours} | {"ATELIER_RAY_ADDRESS": "auto"},
        capture_output=True,
        timeout=LIMIT,
    )
    assert found.returncode == 0, found.stderr.decode()
    assert float(found.stdout) >= 1


def _listening() -> set[tuple[str, str, int]]:
    """Titles of this process and all that come of it, with addresses and ports they listen at."""
    sockets = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                address, _, port = fields[1].partition(":")
                sockets[f"socket:[{fields[9]}]"] = address, int(port, 16)
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            told = (process / "stat").read_text().rpartition(")")[2].split()
            parents[int(process.name)] = int(told[1])
    found = set()
    for process, parent in parents.items():
        while parent not in (0, os.getpid()):
            parent = parents.get(parent, 0)
        with suppress(OSError):
            if os.getpid() in (process, parent):
                title = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
                for each in Path(f"/proc/{process}/fd").iterdir():
                    with suppress(OSError, KeyError):
                        found.add(
                            (title.replace("\0", " ").strip(), *sockets[str(each.readlink())])
                        )
    return found


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


def test_what_kills_takes_no_neighbor_along(hired):
    found = told(hired(2).work(_die, 0, [0, 1, 2, 3, 4, 5, 6, 7], 2))
    assert isinstance(found.pop(2), crew.ProcessDied)
    assert found == {number: number for number in range(8) if number != 2}


def test_only_actors_that_are_there_get_work(cluster):
    ray = pytest.importorskip("ray")
    free = int(ray.available_resources()["CPU"])
    kept = ray.remote(num_cpus=free - 1)(_Nothing).remote()
    ray.get(kept.wait.remote(), timeout=LIMIT)
    try:
        found = told(crews.hired("ray", 4).work(_halve, 12, [1, 2, 6, 12], 4))
    finally:
        ray.kill(kept)
    assert found == {0: 12.0, 1: 6.0, 2: 2.0, 3: 1.0}


class _Nothing:
    """Holds cores."""

    def wait(self) -> None:
        """Returns once it holds them."""


def test_without_anybody_each_item_is_told_of(cluster, monkeypatch, caplog):
    monkeypatch.setattr(ray_crew(), "_Actor", _Broken)
    found = told(crews.hired("ray", 2).work(_halve, 12, [1, 2, 3], 2))
    assert [type(found[number]) for number in range(3)] == [crew.ProcessDied] * 3
    assert "does not begin" in caplog.text


def ray_crew() -> Any:
    from serving.cluster import crew

    return crew


class _Broken:
    """An actor that cannot begin."""

    def __init__(self, shared: Any) -> None:
        raise ZeroDivisionError

    def ready(self) -> None: ...

    def do(self, item: Any) -> Any: ...


def test_an_actor_that_dies_costs_nothing(hired, tmp_path: Path):
    found = told(hired(2).work(_die_once, tmp_path, list(range(6)), 2))
    assert found == {number: number for number in range(6)}
