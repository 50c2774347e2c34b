"""A photo to paint a region on, with mouse or finger: brush, box and eraser."""

from __future__ import annotations

import base64
import binascii

from streamlit.components import v2

_LONGEST = 2_000_000  # characters of what comes back; a mask has some ten thousand

_HTML = """
<div class="tools" role="toolbar">
  <span class="group" role="group">
    <button type="button" data-tool="paint">Brush</button>
    <button type="button" data-tool="box">Box</button>
    <button type="button" data-tool="erase">Eraser</button>
  </span>
  <label>Size <input type="range" min="2" max="30" value="9"></label>
  <span class="group">
    <button type="button" data-do="undo">Undo</button>
    <button type="button" data-do="clear">Clear</button>
  </span>
</div>
<div class="board"><img><canvas class="others"></canvas><canvas class="own"></canvas></div>
"""

_CSS = """
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin-bottom: .6rem;
  font: .9rem/1.2 var(--st-font); color: var(--st-text-color); }
.group { display: inline-flex; }
button { font: inherit; color: inherit; background: transparent; cursor: pointer;
  min-height: 2.5rem; padding: 0 .8rem; border: 1px solid var(--st-border-color);
  margin-right: -1px; }
button[aria-pressed=true] { background: var(--st-primary-color); color: #fff;
  border-color: var(--st-primary-color); }
button:focus-visible, input:focus-visible { outline: 2px solid var(--st-primary-color);
  outline-offset: 2px; }
label { display: inline-flex; align-items: center; gap: .5rem; min-height: 2.5rem; }
input { width: 6.5rem; accent-color: var(--st-primary-color); }
.board { position: relative; line-height: 0; border-radius: 2px; overflow: hidden;
  user-select: none; -webkit-user-select: none; -webkit-touch-callout: none; }
img { width: 100%; display: block; pointer-events: none; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.others { opacity: .35; pointer-events: none; }
.own { opacity: .6; touch-action: none; cursor: crosshair; }
"""

# What is painted lives in the canvas. It is read from Python only when the canvas is new, since
# every stroke runs this again with what Python has last heard of.
_JS = """
export default function ({ data, parentElement, setStateValue }) {
  const find = (query) => parentElement.querySelector(query);
  const board = find(".board"), own = find(".own"), others = find(".others"), img = find("img");
  const size = find("input");
  own.setAttribute("aria-label", data.label); own.setAttribute("role", "img");
  img.alt = "";
  const paper = () => own.getContext("2d", { willReadFrequently: true });
  const load = (canvas, url, color) => {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const seen = new Image();
    seen.onload = () => {
      context.drawImage(seen, 0, 0, canvas.width, canvas.height);
      const all = context.getImageData(0, 0, canvas.width, canvas.height);
      const [r, g, b] = color;
      for (let i = 0; i < all.data.length; i += 4) {
        const inside = all.data[i] > 127;
        all.data.set([r, g, b, inside ? 255 : 0], i);
      }
      context.putImageData(all, 0, 0);
    };
    seen.src = url;
  };
  if (board.dataset.made !== data.made) {
    board.dataset.made = data.made;
    board.history = [];
    board.tool = board.tool ?? "paint";
    img.src = data.photo;
    for (const canvas of [own, others]) { canvas.width = data.width; canvas.height = data.height; }
    board.style.maxWidth = `calc(62vh * ${data.width / data.height})`;
    if (data.mask) load(own, data.mask, data.color);
    if (data.others) load(others, data.others, [255, 255, 255]);
  }
  const color = `rgb(${data.color.join(",")})`;
  const tell = () => {
    const all = paper().getImageData(0, 0, own.width, own.height);
    for (let i = 0; i < all.data.length; i += 4) {
      const level = all.data[i + 3] > 127 ? 255 : 0;
      all.data.set([level, level, level, 255], i);
    }
    const copy = document.createElement("canvas");
    copy.width = own.width; copy.height = own.height;
    copy.getContext("2d").putImageData(all, 0, 0);
    setStateValue("mask", copy.toDataURL("image/png"));
  };
  const remember = () => {
    board.history.push(paper().getImageData(0, 0, own.width, own.height));
    if (board.history.length > 20) board.history.shift();
  };
  const tools = parentElement.querySelectorAll("[data-tool]");
  const press = () => tools.forEach((each) =>
    each.setAttribute("aria-pressed", String(each.dataset.tool === board.tool)));
  tools.forEach((each) => { each.onclick = () => { board.tool = each.dataset.tool; press(); }; });
  press();
  find("[data-do=undo]").onclick = () => {
    const last = board.history.pop();
    if (last) { paper().putImageData(last, 0, 0); tell(); }
  };
  find("[data-do=clear]").onclick = () => {
    remember(); paper().clearRect(0, 0, own.width, own.height); tell();
  };
  const place = (event) => {
    const box = own.getBoundingClientRect();
    return [(event.clientX - box.left) * own.width / box.width,
            (event.clientY - box.top) * own.height / box.height];
  };
  const stroke = (from, to) => {
    const context = paper();
    context.globalCompositeOperation =
      board.tool === "erase" ? "destination-out" : "source-over";
    context.strokeStyle = context.fillStyle = color;
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = size.value / 100 * Math.min(own.width, own.height);
    context.beginPath(); context.moveTo(...from); context.lineTo(...to); context.stroke();
    context.globalCompositeOperation = "source-over";
  };
  own.onpointerdown = (event) => {
    if (event.button !== 0 || board.at) return;
    event.preventDefault();
    own.setPointerCapture(event.pointerId);
    remember();
    board.pointer = event.pointerId; board.from = board.at = place(event);
    if (board.tool !== "box") stroke(board.at, board.at);
  };
  own.onpointermove = (event) => {
    if (!board.at || event.pointerId !== board.pointer) return;
    const to = place(event);
    if (board.tool === "box") {
      const context = paper(), [x, y] = board.from;
      context.putImageData(board.history.at(-1), 0, 0);
      context.fillStyle = color;
      context.fillRect(x, y, to[0] - x, to[1] - y);
    } else { stroke(board.at, to); }
    board.at = to;
  };
  const end = (event) => {
    if (!board.at || event.pointerId !== board.pointer) return;
    board.at = null;
    tell();
  };
  own.onpointerup = end;
  own.onpointercancel = end;
}
"""

_mount = v2.component("atelier_brush", html=_HTML, css=_CSS, js=_JS)


def paint(
    photo: bytes,
    size: tuple[int, int],
    *,
    mask: bytes | None,
    others: bytes | None,
    color: tuple[int, int, int],
    label: str,
    key: str,
) -> bytes | None:
    """Shows a photo to paint on.

    Args:
        photo: A JPEG.
        size: Its width and height: those of the mask.
        mask: A PNG of what is painted already, white on black; it counts for a new `key`.
        others: Likewise, of other regions, to be seen faintly.
        color: Of what is painted.
        label: What is painted here, for who cannot see it.

    Returns:
        A file that claims to be a PNG, of what is painted now; None if nothing was since `key` is
        new. As hostile as any upload.
    """
    result = _mount(
        key=key,
        data={
            "photo": _url(photo, "jpeg"),
            "mask": mask and _url(mask, "png"),
            "others": others and _url(others, "png"),
            "width": size[0],
            "height": size[1],
            "color": list(color),
            "label": label,
            "made": key,
        },
        default={"mask": None},
        on_mask_change=lambda: None,
    )
    return _file(result.get("mask"))


def _file(url: object) -> bytes | None:
    """The file in a data URL; None if there is none."""
    if not isinstance(url, str) or len(url) > _LONGEST:
        return None
    head, _, body = url.partition(",")
    if head != "data:image/png;base64":
        return None
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None


def _url(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
