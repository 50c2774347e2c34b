"""The report on a model at work, as text, as plain values and as an HTML page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from pydantic import TypeAdapter

from core import artists
from core.models import Entry
from core.monitoring.intervals import Interval
from core.monitoring.paintings import MEASURES, Figures, Spread
from core.monitoring.report import Report
from core.releases.rows import Release

_CSS = """
body { font: 16px/1.5 sans-serif; color: #1f1d1a; background: #fbfaf7; max-width: 60rem;
  margin: 3rem auto; padding: 0 1rem; }
h1, h2 { font-family: Georgia, serif; font-weight: 500; }
table { border-collapse: collapse; margin-bottom: 2rem; }
td, th { text-align: left; padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid #e4dfd3; }
th { font-weight: 500; opacity: .7; }
"""


def lines(found: Report, painted: Sequence[Figures] = ()) -> Iterator[str]:
    """The figures of a report and of what was painted, a line each."""
    yield from _of_model(found)
    for each in painted:
        told = [f"{each.paintings:,} pictures"]
        told += [f"{MEASURES[name].lower()} {_spread(s)}" for name, s in each.spreads.items()]
        told += [f"stopped {share(each.stopped)}", f"taken home {share(each.downloaded)}"]
        changed = ", ".join(signal.name.lower() for signal in each.signals if signal.drifted)
        yield f"{each.mode}: {', '.join(told)}" + (
            f"; lately changed: {changed}" if changed else ""
        )


def _of_model(found: Report) -> Iterator[str]:
    yield f"pictures: {found.pictures:,}"
    if found.whole is None:
        return
    yield f"time: {1000 * found.seconds[0]:.0f} ms, 99th percentile {1000 * found.seconds[1]:.0f}"
    yield f"by unknown artists: {share(found.whole.unknown)}"
    yield f"right, say visitors: {share(found.whole.visitors)}"
    yield f"right, it expects: {share(found.whole.estimated)}"
    drifted = [signal.name for signal in found.whole.signals if signal.drifted]
    if not found.has_reference:
        yield "drift: no reference, see `python -m training evaluate reference`"
    else:
        yield f"drift: {', '.join(drifted) or 'none'}"
    yield f"groups of strangers: {', '.join(str(g.pictures) for g in found.strangers) or 'none'}"
    worse = [f"{group.name} ({share(group.accuracy)})" for group in found.groups if group.is_worse]
    yield f"served worse: {', '.join(worse) or 'nobody'}"


def plain(found: Report, painted: Sequence[Figures] = ()) -> dict[str, Any]:
    """The report for JSON; shares of nothing are null."""
    plain: dict[str, Any] = json.loads(TypeAdapter(Report).dump_json(found))
    plain["paintings"] = json.loads(TypeAdapter(list[Figures]).dump_json(list(painted)))
    return plain


def html(
    entry: Entry, found: Report, releases: Sequence[Release], painted: Sequence[Figures] = ()
) -> str:
    """A page that stands alone: figures, windows, groups, confusions, paintings and releases."""
    names = {artist.id: artist.name for artist in artists.catalogue()}
    parts = [
        f"<h1>{escape(entry.title)} at work</h1>",
        f"<p>{datetime.now(UTC):%d %B %Y, %H:%M} UTC</p>",
        "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines(found)) + "</ul>",
        _section(
            "Over time",
            ("from", "to", "pictures", "unknown", "right, visitors", "right, expected", "drifted"),
            [
                (
                    f"{window.first:%d %b %H:%M}",
                    f"{window.last:%d %b %H:%M}",
                    f"{window.pictures:,}",
                    share(window.unknown),
                    share(window.visitors),
                    share(window.estimated),
                    ", ".join(signal.name for signal in window.signals if signal.drifted),
                )
                for window in found.windows
            ],
        ),
        _section(
            "The latest pictures beside the reference",
            ("signal", "distance", "p-value", "corrected", "drifted"),
            [
                (s.name, f"{s.distance:.3f}", f"{s.p:.3g}", f"{s.adjusted:.3g}", _tick(s.drifted))
                for s in (found.whole.signals if found.whole else ())
            ],
        ),
        _section(
            "Who is served how",
            ("", "group", "right, visitors", "served worse"),
            [(g.kind, g.name, share(g.accuracy), _tick(g.is_worse)) for g in found.groups],
        ),
        _section(
            "What visitors corrected",
            ("painted by", "named", "times"),
            [
                (names.get(a, a), names.get(b, b) or "nobody it knows", str(n))
                for a, b, n in found.confusions
            ],
        ),
        _section(
            "What it expects to confuse",
            ("painted by", "named", "expected times"),
            [
                (names.get(a, a), names.get(b, b), f"{n:.1f}")
                for a, b, n in found.expected_confusions
            ],
        ),
        _section(
            "Groups of pictures that nobody knows",
            ("pictures", "nearest artists", "predictions"),
            [
                (
                    str(group.pictures),
                    ", ".join(names.get(each, each) for each in group.nearest),
                    ", ".join(str(n) for n in group.predictions[:5]),
                )
                for group in found.strangers
            ],
        ),
        _section(
            "What was painted",
            ("mode", "pictures", *MEASURES.values(), "stopped early", "taken home", "changed"),
            [
                (
                    each.mode,
                    f"{each.paintings:,}",
                    *(_spread(each.spreads.get(name)) for name in MEASURES),
                    share(each.stopped),
                    share(each.downloaded),
                    ", ".join(signal.name.lower() for signal in each.signals if signal.drifted),
                )
                for each in painted
            ],
        ),
        _section(
            "Releases",
            ("when", "version", "role", "share", "by", "why"),
            [
                (
                    f"{datetime.fromtimestamp(row.time, UTC):%d %b %Y %H:%M}",
                    row.version,
                    row.role,
                    f"{row.share:.0%}",
                    row.who,
                    row.reason,
                )
                for row in releases
            ],
        ),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(entry.title)} at work</title><style>{_CSS}</style>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def share(interval: Interval) -> str:
    """A share with its interval, for a reader."""
    if not interval.of:
        return "nobody said"
    return f"{interval.share:.1%} ({interval.low:.1%} to {interval.high:.1%} of {interval.of:,})"


def _spread(found: Spread | None) -> str:
    if found is None:
        return "not measured"
    beside = [f"{found.most:.3g} in nine of ten"]
    if found.reference is not None:
        beside.append(f"{found.reference:.3g} usual")
    if found.evaluated is not None:
        beside.append(f"{found.evaluated:.3g} in its evaluation")
    return f"{found.median:.3g} ({', '.join(beside)})"


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    header = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<h2>{escape(title)}</h2><table><tr>{header}</tr>{body}</table>"


def _tick(value: bool) -> str:
    return "yes" if value else ""
