"""The report of a cycle, in Markdown: its verdict first, then all figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from operations.cycle import comparing, validating
from operations.cycle.state import State

LOSES_PHOTOGRAPHS = (
    "The new version does not tell photographs from paintings, as the one that serves does: that "
    "takes --photos."
)


def text(state: State) -> str:
    """All that is recorded so far, as a page."""
    return "\n".join(_lines(state)) + "\n"


def _lines(state: State) -> Iterator[str]:
    asked, steps = state.asked, state.steps
    yield f"# Retraining of {asked['model']}"
    yield ""
    yield from _verdict(state)
    yield ""
    yield f"- Data: {asked['data']}"
    yield f"- New: {asked['new']}"
    yield f"- Serves: {steps['begin']['champion']}"
    if changes := asked["changes"]:
        yield f"- Recipe with: {', '.join(changes)}"
    if "publish" in steps:
        yield f"- New version: {steps['publish']['version']}, {steps['publish']['bytes']:,} bytes"
        if steps["publish"].get("loses_photographs"):
            yield f"- {LOSES_PHOTOGRAPHS}"
    if "validate" in steps:
        yield from _validation(steps["validate"])
    if "compare" in steps:
        margin = asked["margin"]
        yield from _comparison(
            "The test split, of the artists that both know", steps["compare"]["frozen"], margin
        )
        if newest := steps["compare"]["newest"]:
            yield from _comparison("New test paintings", newest, margin)
            yield from _comparison("Both together", steps["compare"]["everything"], margin)
            yield ""
            yield "Paintings by artists that the serving version does not know count against it."


def _verdict(state: State) -> Iterator[str]:
    steps = state.steps
    refusals = [why for step in steps.values() for why in step.get("refusals", [])]
    if refusals:
        yield "**Refused.**"
        yield ""
        yield from (f"- {why}" for why in refusals)
    elif "release" in steps:
        role, share = steps["release"]["role"], steps["release"]["share"]
        done = "Promoted" if role == "champion" else f"On trial, {role} at {share:.0%}"
        yield f"**{done}**, release {steps['release']['release']}."
    else:
        yield f"**Not finished**; done: {', '.join(steps)}."


def _validation(found: dict[str, Any]) -> Iterator[str]:
    seen = found["pictures"]
    yield ""
    yield "## New paintings"
    yield ""
    yield "| | |"
    yield "|---|---:|"
    yield f"| files | {seen['files']:,} |"
    yield f"| damaged | {seen['damaged']:,} |"
    yield f"| pairs that show one painting | {seen['duplicates']:,} |"
    yield f"| of those, of two artists or splits | {seen['duplicates_that_harm']:,} |"
    yield f"| twins of test paintings | {seen['twins_of_test']:,} |"
    yield f"| artists | {len(seen['paintings_by_artist']):,} |"
    yield f"| of those, new | {', '.join(seen['new_artists']) or 'none'} |"
    yield f"| least paintings of an artist | {validating.AT_LEAST} |"
    if labels := found.get("labels"):
        yield f"| labels by artists that are known | {labels['judged']:,} |"
        yield f"| of those, the serving version disagrees with | {_share(labels['share'])} |"
        yield f"| its error on {labels['test_paintings']:,} test paintings | " + (
            f"{_share(labels['test_error'])} |"
        )
        yield f"| disagreement that would pass | {_share(labels['allowed'])} |"
        yield f"| p-value, refused below {validating.CHANCE:g} | {labels['p_value']:.3g} |"


def _comparison(title: str, figures: dict[str, Any], margin: float) -> Iterator[str]:
    accuracy, error = figures["accuracy"], figures["calibration_error"]
    difference = comparing.paired(figures)
    yield ""
    yield f"## {title}: {figures['paintings']:,} paintings"
    yield ""
    yield "| | new | serves |"
    yield "|---|---:|---:|"
    yield f"| accuracy | {accuracy['challenger']:.1%} | {accuracy['champion']:.1%} |"
    yield f"| calibration error | {error['challenger']:.3f} | {error['champion']:.3f} |"
    yield ""
    yield (
        f"Paired difference {difference.share:+.1%}, in 95 of 100 cases {difference.low:+.1%} to "
        f"{difference.high:+.1%}; margin on the test split {margin:.1%}."
    )
    yield ""
    yield "| artist | paintings | new | serves | least |"
    yield "|---|---:|---:|---:|---:|"
    for name, (count, old, new, low) in figures["artists"].items():
        yield f"| {name} | {count} | {new:.0%} | {old:.0%} | {low:.0%} |"


def _share(value: float | None) -> str:
    return "none to tell by" if value is None else f"{value:.1%}"
