"""Two pictures of the same size, one over the other, with a line to draw across."""

from __future__ import annotations

import base64

from streamlit.components import v2

_HTML = """
<figure>
  <img class="under">
  <img class="over">
  <span class="name left"></span><span class="name right"></span>
  <span class="line"></span>
  <input type="range" min="0" max="100" step="0.1">
</figure>
"""

_CSS = """
figure { position: relative; margin: 0; --at: 50%; line-height: 0; border-radius: 2px;
  overflow: hidden; cursor: ew-resize; touch-action: pan-y; user-select: none; }
img { width: 100%; display: block; pointer-events: none; }
.over { position: absolute; inset: 0; height: 100%;
  clip-path: inset(0 calc(100% - var(--at)) 0 0); }
.line { position: absolute; top: 0; bottom: 0; left: var(--at); width: 2px; margin-left: -1px;
  background: #fff; box-shadow: 0 0 4px #0008; pointer-events: none; }
.line::after { content: "\\2194"; position: absolute; top: 50%; left: 50%; width: 2.25rem;
  height: 2.25rem; margin: -1.125rem; border-radius: 50%; background: #fff; color: #1f1d1a;
  font: 1.1rem/2.25rem sans-serif; text-align: center; box-shadow: 0 1px 6px #0006; }
.name { position: absolute; bottom: .6rem; padding: .2rem .55rem; border-radius: 2px;
  background: #0009; color: #fff; font: .8rem/1.3 sans-serif; pointer-events: none; }
.left { left: .6rem } .right { right: .6rem }
input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  pointer-events: none; }
input:focus-visible ~ .line, figure:focus-within .line::after { outline: 3px solid #2b3fa8; }
"""

# The range input is there for the keyboard. The line goes straight to the pointer, where the
# input would be off by part of its thumb.
_JS = """
export default function ({ data, parentElement }) {
  const find = (query) => parentElement.querySelector(query);
  const figure = find("figure"), input = find("input");
  const under = find(".under");
  // An upright picture is shown whole: no higher than the window.
  under.onload = () => {
    figure.style.maxWidth = `calc(88vh * ${under.naturalWidth / under.naturalHeight})`;
  };
  under.src = data.after; under.alt = data.after_alt;
  find(".over").src = data.before; find(".over").alt = data.before_alt;
  find(".left").textContent = data.before_name;
  find(".right").textContent = data.after_name;
  input.setAttribute("aria-label", data.label);
  const move = (percent) => figure.style.setProperty("--at", percent + "%");
  const follow = (event) => {
    if (event.pointerType === "mouse" && event.buttons === 0) return;
    const box = figure.getBoundingClientRect();
    const percent = Math.min(100, Math.max(0, 100 * (event.clientX - box.left) / box.width));
    input.value = percent;
    move(percent);
  };
  input.oninput = () => move(input.value);
  figure.onpointerdown = (event) => {
    figure.setPointerCapture(event.pointerId);
    follow(event);
    input.focus({ preventScroll: true });
  };
  figure.onpointermove = follow;
}
"""

_mount = v2.component("atelier_compare", html=_HTML, css=_CSS, js=_JS)


def before_after(before: bytes, after: bytes, *, names: tuple[str, str], of: str, key: str) -> None:
    """Shows two JPEGs with a line between them that follows mouse, finger and arrow keys.

    Args:
        before, after: JPEG files of the same shape; `before` lies left of the line.
        names: What is written on each.
        of: What they show, for who cannot see them.
    """
    _mount(
        key=key,
        data={
            "before": _url(before),
            "after": _url(after),
            "before_name": names[0],
            "after_name": names[1],
            "before_alt": f"{of}: {names[0].lower()}",
            "after_alt": f"{of}: {names[1].lower()}",
            "label": f"{of}: how much is uncovered, {names[0].lower()} to {names[1].lower()}",
        },
    )


def _url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
