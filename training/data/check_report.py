"""The findings of a check as one HTML page that needs nothing else, to be read by a person."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

from core import artists, images
from training.data.check import KINDS, Checked, Finding

MOST_THUMBNAILS = 300
MOST_ROWS = 500  # of a kind; all are in the CSV
_SIDE = 160  # pixels of a thumbnail
_STYLE = """
:root { color-scheme: light dark; --ink: #1f1d1a; --wall: #fbfaf7; --line: #ddd8cc;
  --quiet: #6b665c; --accent: #2b3fa8; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece8df; --wall: #14141a;
  --line: #34343f; --quiet: #9d988c; --accent: #a3b0f7; } }
body { background: var(--wall); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  max-width: 68rem; margin: 3rem auto; padding: 0 1.25rem; }
h1, h2 { font-family: Georgia, 'Liberation Serif', serif; font-weight: 500; line-height: 1.2; }
h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
p, small, figcaption { color: var(--quiet); }
a { color: var(--accent); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td, th { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; }
.groups, .group { display: flex; flex-wrap: wrap; gap: 1.25rem; }
.group { border: 1px solid var(--line); border-radius: .25rem; padding: 1rem; }
figure { margin: 0; width: 11rem; overflow-wrap: anywhere; font-size: .8rem; }
figure img { display: block; max-width: 100%; margin-bottom: .4rem; }
.none { border: 1px dashed var(--line); padding: 2rem .5rem; text-align: center;
  margin-bottom: .4rem; color: var(--quiet); }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(directory: Path, checked: Checked) -> str:
    """The page. Thumbnails show paintings in the public domain only, read once more for it."""
    counts = checked.counts()
    title = f"{directory.resolve().name}: {checked.files:,} files checked"
    overview = "".join(
        f'<tr><td><a href="#{kind}">{heading}</a></td><td>{counts[kind]:,}</td></tr>'
        if counts[kind]
        else f"<tr><td>{heading}</td><td>0</td></tr>"
        for kind, heading in KINDS.items()
    )
    sections = [_table(checked, kind) for kind in KINDS if kind != "near-duplicate"]
    order = list(KINDS).index("near-duplicate")
    sections.insert(order, _pictures(directory, checked))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{_text(title)}</h1><p>{_text(directory.resolve())}. "
        "All findings are in findings.csv beside this page.</p>\n"
        f"<table>{overview}</table>\n" + "\n".join(filter(None, sections)) + "\n</body></html>\n"
    )


def _table(checked: Checked, kind: str) -> str:
    found = [f for f in checked.findings if f.finding == kind]
    if not found:
        return ""
    rows = "".join(
        f"<tr><td>{_text(f.file)}</td><td>{_text(f.artist)}</td>"
        f"<td>{_text(f.detail)}</td><td>{_text(f.group.rpartition('-')[2])}</td></tr>"
        for f in found[:MOST_ROWS]
    )
    more = len(found) - MOST_ROWS
    note = f"<p>And {more:,} more, see findings.csv.</p>" if more > 0 else ""
    return (
        f'<h2 id="{kind}">{KINDS[kind]}</h2><table><tr><th>File</th><th>Artist</th>'
        f"<th>What</th><th>{'Group' if found[0].group else ''}</th></tr>{rows}</table>{note}"
    )


def _pictures(directory: Path, checked: Checked) -> str:
    kind = "near-duplicate"
    parts, shown, rows = [], 0, 0
    for group in checked.groups(kind):
        if rows >= MOST_ROWS:
            parts.append("<p>And more, see findings.csv.</p>")
            break
        figures = []
        for finding in group:
            rows += 1
            note = _withheld(finding)
            if not note and shown >= MOST_THUMBNAILS:
                note = "too many for this page"
            if not note:
                shown += 1
            figures.append(_figure(directory, finding, note))
        parts.append(f'<div class="group">{"".join(figures)}</div>')
    if not parts:
        return ""
    return (
        f'<h2 id="{kind}">{KINDS[kind]}</h2><p>Found by comparing small grey versions, whole '
        "and cropped. Such files must not lie in different splits.</p>"
        f'<div class="groups">{"".join(parts)}</div>'
    )


def _withheld(finding: Finding) -> str:
    """Why a painting is not shown; empty if it may be."""
    artist = artists.find(finding.artist)
    if artist is None:
        return "not shown: painter unknown to the catalogue"
    return "" if artist.public_domain else "not shown: may be under copyright"


def _figure(directory: Path, finding: Finding, note: str) -> str:
    picture = f'<div class="none">{_text(note)}</div>' if note else _thumbnail(directory, finding)
    return (
        f"<figure>{picture}<figcaption>{_text(finding.file)}<br>{_text(finding.artist)}<br>"
        f"{_text(finding.detail)}</figcaption></figure>"
    )


def _thumbnail(directory: Path, finding: Finding) -> str:
    try:
        pixels = images.load(directory / finding.file, enough=_SIDE).pixels
    except (images.UnreadablePicture, OSError):  # it was readable a moment ago
        return '<div class="none">gone</div>'
    data = images.encode(images.preview(pixels, _SIDE), "JPEG", quality=70)
    source = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    return f'<img src="{source}" alt="{_text(finding.file)}">'


def _text(value: object) -> str:
    return escape(str(value), quote=True)
