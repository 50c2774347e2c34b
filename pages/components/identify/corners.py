"""A photo with four corners to drag, by mouse, finger or arrow keys, around the painting in it."""

from __future__ import annotations

import base64
import math

from streamlit.components import v2

from core.identify.outline import Corners

_NAMES = ("top left", "top right", "bottom right", "bottom left")

_HTML = """
<div class="board">
  <img>
  <svg viewBox="0 0 1 1" preserveAspectRatio="none">
    <path fill-rule="evenodd" class="shade"></path><polygon class="line"></polygon>
  </svg>
  <button type="button"></button><button type="button"></button>
  <button type="button"></button><button type="button"></button>
</div>
"""

_CSS = """
.board { position: relative; line-height: 0; border-radius: 2px; margin: 0;
  user-select: none; -webkit-user-select: none; -webkit-touch-callout: none; }
img { width: 100%; display: block; pointer-events: none; border-radius: 2px; }
svg { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.shade { fill: #000; opacity: .5; }
.line { fill: none; stroke: #fff; stroke-width: 2px; vector-effect: non-scaling-stroke; }
button { position: absolute; width: 2.75rem; height: 2.75rem; margin: -1.375rem; padding: 0;
  border: 0; background: none; touch-action: none; cursor: grab; }
button::after { content: ""; position: absolute; inset: .75rem; border-radius: 50%;
  background: #fff; border: 2px solid var(--st-primary-color); box-shadow: 0 1px 5px #0008; }
button:active { cursor: grabbing; }
button:focus-visible { outline: none; }
button:focus-visible::after { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
"""

# Where the corners are lives in the board, and Python hears of it at the end of each move: while
# one is dragged, nothing runs. Python's own are read only when the board is new.
_JS = """
export default function ({ data, parentElement, setStateValue }) {
  const find = (query) => parentElement.querySelector(query);
  const board = find(".board"), img = find("img");
  const handles = [...parentElement.querySelectorAll("button")];
  if (board.dataset.made !== data.made) {
    board.dataset.made = data.made;
    board.corners = data.corners.map((each) => [...each]);
    img.src = data.photo; img.alt = data.label;
    board.style.maxWidth = `calc(70vh * ${data.width / data.height})`;
  }
  const corners = board.corners;
  const draw = () => {
    const points = corners.map((each) => each.join(",")).join(" ");
    find(".line").setAttribute("points", points);
    find(".shade").setAttribute("d",
      `M0 0H1V1H0Z M${corners.map((each) => each.join(" ")).join("L")}Z`);
    handles.forEach((handle, i) => {
      handle.style.left = `${100 * corners[i][0]}%`;
      handle.style.top = `${100 * corners[i][1]}%`;
    });
  };
  const within = (value) => Math.min(1, Math.max(0, value));
  const tell = () => setStateValue("corners", corners.map((each) => [...each]));
  handles.forEach((handle, i) => {
    handle.setAttribute("aria-label", `${data.names[i]} corner, arrow keys move it`);
    handle.onpointerdown = (event) => {
      if (event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      handle.held = true;
    };
    handle.onpointermove = (event) => {
      if (!handle.held) return;
      const box = board.getBoundingClientRect();
      corners[i] = [within((event.clientX - box.left) / box.width),
                    within((event.clientY - box.top) / box.height)];
      draw();
    };
    const end = () => { if (handle.held) { handle.held = false; tell(); } };
    handle.onpointerup = end;
    handle.onpointercancel = end;
    handle.onkeydown = (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const move = by[event.key];
      if (!move) return;
      event.preventDefault();
      const far = event.shiftKey ? 0.05 : 0.01;
      corners[i] = corners[i].map((value, axis) => within(value + far * move[axis]));
      draw();
    };
    handle.onkeyup = (event) => { if (event.key.startsWith("Arrow")) tell(); };
  });
  draw();
}
"""

_mount = v2.component("atelier_corners", html=_HTML, css=_CSS, js=_JS)


def drag(
    photo: bytes, size: tuple[int, int], corners: Corners, *, label: str, key: str
) -> Corners | None:
    """Shows a photo with corners to drag, and gives where they are now; None if none was dragged.

    Args:
        photo: A JPEG.
        size: Its width and height.
        corners: Where they are; it counts when the browser draws the photo for the first time.
        label: What the photo is, for who cannot see it.
    """
    result = _mount(
        key=key,
        data={
            "photo": f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}",
            "width": size[0],
            "height": size[1],
            "corners": [list(each) for each in corners],
            "names": list(_NAMES),
            "label": label,
            "made": key,
        },
        default={"corners": None},
        on_corners_change=lambda: None,
    )
    return _checked(result.get("corners"))


def _checked(told: object) -> Corners | None:
    """What a browser has told, if it is four pairs of shares; None otherwise."""
    if not isinstance(told, list) or len(told) != len(_NAMES):
        return None
    for each in told:
        if not isinstance(each, list) or len(each) != 2:
            return None
        if not all(isinstance(x, int | float) and math.isfinite(x) and 0 <= x <= 1 for x in each):
            return None
    return tuple((float(x), float(y)) for x, y in told)
