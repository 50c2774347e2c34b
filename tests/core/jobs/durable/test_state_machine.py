"""Whatever happens in whatever order, a job's story stays whole."""

from __future__ import annotations

import contextlib
import tempfile
from itertools import pairwise

import numpy as np
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from sqlalchemy import update

from core import database
from core.jobs import Progress, State
from core.jobs.durable import Checkpoint, DatabaseEngine, File
from core.jobs.durable.handle import FINISHED, Failure
from core.jobs.durable.leases import Lease, LeaseLost, claim
from core.jobs.durable.rows import JobRow
from tests.durable_tasks import Count

FOLLOWS = {  # which state is reached from which
    "waiting": {"running", "cancelled"},
    "running": {"running", "waiting", "done", "cancelled", "failed"},
}


class Jobs(RuleBasedStateMachine):
    """Jobs, and workers of which some think that they hold what they have lost."""

    leases: Bundle[Lease] = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.engine = DatabaseEngine(f"sqlite:///{self.directory.name}/jobs.db")
        self.jobs = [self.engine.submit("test-count", Count(to=1)) for _ in range(2)]
        self.holder: dict[str, Lease] = {}  # the only one who may write
        self.reached: dict[str, int] = {}  # the last checkpoint that was written
        self.number = 0

    def teardown(self) -> None:
        database.engine(self.engine.url).dispose()
        self.directory.cleanup()

    @rule(target=leases)
    def take(self) -> Lease | None:
        lease = claim(self.engine.url, "worker", ["test-count"], 1000.0)
        if lease is not None:
            self.holder[lease.id] = lease
            found = lease.checkpoint()
            assert (found and found.state["number"]) == self.reached.get(lease.id)
        return lease

    @rule(which=st.integers(0, 1))
    def fall_silent(self, which: int) -> None:
        with database.writing(self.engine.url) as session:
            job = JobRow.id == self.jobs[which].id
            session.execute(
                update(JobRow).where(job, JobRow.state == "running").values(lease_until=0.0)
            )

    @rule(which=st.integers(0, 1))
    def cancel(self, which: int) -> None:
        self.jobs[which].cancel()

    @rule(lease=leases, what=st.sampled_from(["tell", "keep", "give back", "finish", "fail"]))
    def write(self, lease: Lease | None, what: str) -> None:
        if lease is None:
            return
        before = [job.outline() for job in self.jobs]
        may = self.holder.get(lease.id) is lease
        with contextlib.suppress(LeaseLost):
            self._write(lease, what)
            assert may, "it had lost its lease"
            return
        assert not may or before[[job.id for job in self.jobs].index(lease.id)].is_finished
        assert [job.outline() for job in self.jobs] == before

    def _write(self, lease: Lease, what: str) -> None:
        self.number += 1
        if what == "tell":
            lease.tell(Progress(step=self.number), {"preview": b"%d" % self.number})
        elif what == "keep":
            pieces = {f"n{self.number}": {"n": np.array(self.number)}}
            lease.tell(None, {}, Checkpoint({"number": self.number}, {}, pieces))
            self.reached[lease.id] = self.number
        else:
            if what == "give back":
                lease.give_back()
            elif what == "finish":
                lease.finish(State.done, File(b"%d" % self.number, "x/y"), None, {})
            else:
                lease.fail(Failure("No.", "no"))
            del self.holder[lease.id]

    @invariant()
    def the_story_is_whole(self) -> None:
        for job in self.jobs:
            outline, events = job.outline(), job.events_after(0, limit=1000)
            assert [event.number for event in events] == list(range(1, outline.events + 1))
            states = [event.kind for event in events if event.kind != "progress"]
            assert states[0] == "waiting"
            assert all(b in FOLLOWS[a] for a, b in pairwise(states))
            assert states[-1] == outline.state
            assert outline.is_finished == (events[-1].kind in FINISHED)


Jobs.TestCase.settings = how(max_examples=10, stateful_step_count=25, deadline=None)
TestJobs = Jobs.TestCase
