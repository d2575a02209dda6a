"use strict";
// The map of spotscape.pl.interactive_map. Names come from the user's data: they become text, never markup.
(() => {
  const MISSING = "#D9D9D9", NO_GROUP = 255, NO_NUMBER = 65535, FADED = 0.1, CLICK = 4;
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const canvas = at("map"), pen = canvas.getContext("2d"), frame = at("frame"), ring = at("ring"), tip = at("tip");
  const n = data.names.length, { slices, panels } = data;

  function bytes(text) {
    const raw = atob(text), out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
  }
  const shorts = (text) => new Uint16Array(bytes(text).buffer);
  for (const panel of panels) panel.values = panel.kind === "groups" ? bytes(panel.values) : shorts(panel.values);

  // ---- where the spots are, in the plane that all slices share ----
  const x = new Float32Array(n), y = new Float32Array(n), sliceOf = new Uint16Array(n);
  {
    const across = shorts(data.x), down = shorts(data.y);
    slices.forEach((slice, s) => {
      for (let i = slice.first; i < slice.end; i++) {
        x[i] = slice.x + across[i] * slice.step_x;
        y[i] = slice.y + down[i] * slice.step_y;
        sliceOf[i] = s;
      }
    });
  }

  // Spots sorted into squares, each holding about two, so that the one under the pointer is found at once.
  const side = Math.sqrt((data.width * data.height * 2) / n), columns = Math.max(1, Math.ceil(data.width / side));
  const lines = Math.max(1, Math.ceil(data.height / side));
  const within = (value, most) => Math.min(most - 1, Math.max(0, Math.floor(value / side)));
  const sorted = (keyOf, nKeys) => {
    const starts = new Uint32Array(nKeys + 1), order = new Uint32Array(n);
    for (let i = 0; i < n; i++) starts[keyOf(i) + 1]++;
    for (let k = 0; k < nKeys; k++) starts[k + 1] += starts[k];
    const next = starts.slice();
    for (let i = 0; i < n; i++) order[next[keyOf(i)]++] = i;
    return { starts, order };
  };
  const squares = sorted((i) => within(y[i], lines) * columns + within(x[i], columns), lines * columns);

  function spotAt(px, py) {
    const wx = (px - view.x) / view.scale, wy = (py - view.y) / view.scale;
    const reach = Math.max(...slices.map((slice) => slice.size / 2), 5 / view.scale);
    let best = -1, nearest = reach * reach;
    for (let row = within(wy - reach, lines); row <= within(wy + reach, lines); row++) {
      for (let column = within(wx - reach, columns); column <= within(wx + reach, columns); column++) {
        const square = row * columns + column;
        for (let k = squares.starts[square]; k < squares.starts[square + 1]; k++) {
          const i = squares.order[k], distance = (x[i] - wx) ** 2 + (y[i] - wy) ** 2;
          if (distance <= nearest) [best, nearest] = [i, distance];
        }
      }
    }
    return best;
  }

  // ---- what is shown: a panel's colours, and the groups that are picked ----
  let shown = 0, grouping = panels.findIndex((panel) => panel.kind === "groups"), colors, byColor;
  const picked = new Set();

  function show(number) {
    shown = number;
    const panel = panels[number];
    if (panel.kind === "groups") {
      if (grouping !== number) picked.clear();
      grouping = number;
      colors = [...panel.colors, MISSING];
      byColor = sorted((i) => (panel.values[i] === NO_GROUP ? colors.length - 1 : panel.values[i]), colors.length);
    } else {
      colors = [...data.ramp, MISSING];
      const last = data.ramp.length - 1, of = (value) => Math.round((value / (NO_NUMBER - 1)) * last);
      byColor = sorted((i) => (panel.values[i] === NO_NUMBER ? last + 1 : of(panel.values[i])), colors.length);
    }
    legend();
    later();
  }

  function element(kind, name, text) {
    const made = document.createElement(kind);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }
  const number = (value) => value.toLocaleString("en-US"), short = (value) => String(Number(value.toPrecision(3)));

  function legend() {
    const panel = panels[shown], groups = panels[grouping];
    at("scale").hidden = panel.kind === "groups";
    if (panel.kind === "numbers") {
      at("scale").firstElementChild.textContent = panel.name;
      at("ramp").style.background = `linear-gradient(to right, ${data.ramp.join(",")})`;
      const [low, high] = at("ends").children;
      [low.textContent, high.textContent] = [short(panel.low), short(panel.high)];
      at("meaning").textContent = panel.label === panel.name ? "" : panel.label;
    }
    at("groups").hidden = !groups;
    if (!groups) return;
    at("groups").firstElementChild.textContent = groups.name;
    const list = at("groups").lastElementChild;
    const names = groups.names.map((name, code) => ({ name, code, color: groups.colors[code] }));
    if (groups.n_missing) names.push({ name: "unlabelled", code: NO_GROUP, color: MISSING });
    list.replaceChildren(...names.filter(({ code }) => countOf(code)).map(({ name, code, color }) => {
      const button = element("button"), swatch = element("span", "swatch");
      button.type = "button";
      button.dataset.code = code;
      swatch.style.background = color;
      const share = `${number(countOf(code))} (${((100 * countOf(code)) / data.total).toFixed(1)} %)`;
      button.append(swatch, element("span", "name", name), element("span", "count", share));
      button.addEventListener("click", () => pick(code));
      const item = element("li");
      item.append(button);
      return item;
    }));
    press();
  }
  const countOf = (code) => (code === NO_GROUP ? panels[grouping].n_missing : panels[grouping].counts[code]);

  function pick(code) {
    if (code === null) picked.clear();
    else if (!picked.delete(code)) picked.add(code);
    press();
    later();
  }

  function press() {
    const buttons = [...at("groups").querySelectorAll("button")];
    for (const button of buttons) button.setAttribute("aria-pressed", String(picked.has(Number(button.dataset.code))));
    at("groups").lastElementChild.classList.toggle("some", picked.size > 0);
    const seen = [...picked].reduce((sum, code) => sum + countOf(code), 0);
    at("status").textContent = picked.size ? `${number(seen)} of ${number(data.total)} spots` : "";
  }

  // ---- drawing ----
  const view = { scale: 1, x: 0, y: 0, fit: 1 };
  let waiting = false;
  function later() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  function fit() {
    const { clientWidth: width, clientHeight: height } = canvas;
    view.fit = view.scale = 0.94 * Math.min(width / data.width, height / data.height);
    view.x = (width - data.width * view.scale) / 2;
    view.y = (height - data.height * view.scale) / 2;
  }

  function whole() {
    fit();
    later();
  }

  function zoom(factor, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2) {
    const scale = Math.min(Math.max(view.scale * factor, view.fit / 2), view.fit * 400), change = scale / view.scale;
    [view.scale, view.x, view.y] = [scale, px - (px - view.x) * change, py - (py - view.y) * change];
    later();
  }

  function drawSpots(wanted, opacity) {
    const { clientWidth: width, clientHeight: height } = canvas, groups = picked.size ? panels[grouping].values : null;
    pen.globalAlpha = opacity;
    for (let color = 0; color < colors.length; color++) {
      pen.fillStyle = colors[color];
      pen.beginPath();
      for (let k = byColor.starts[color]; k < byColor.starts[color + 1]; k++) {
        const i = byColor.order[k];
        if (groups && picked.has(groups[i]) !== wanted) continue;
        const slice = slices[sliceOf[i]], size = Math.max(1, slice.size * view.scale), half = size / 2;
        const px = x[i] * view.scale + view.x, py = y[i] * view.scale + view.y;
        if (px < -half || py < -half || px > width + half || py > height + half) continue;
        if (slice.square || size < 4) pen.rect(px - half, py - half, size, size);
        else { pen.moveTo(px + half, py); pen.arc(px, py, half, 0, 2 * Math.PI); }
      }
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  function drawBar() {
    if (!data.micrometres) return;
    const most = Math.min(200, canvas.clientWidth / 4) / view.scale, power = 10 ** Math.floor(Math.log10(most));
    const length = power * (most >= 5 * power ? 5 : most >= 2 * power ? 2 : 1), bottom = canvas.clientHeight - 14;
    pen.fillStyle = "rgb(255 255 255 / .8)";
    pen.fillRect(8, bottom - 24, length * view.scale + 16, 34);
    pen.fillStyle = "#000";
    pen.fillRect(16, bottom, length * view.scale, 4);
    pen.textAlign = "left";
    pen.fillText(length >= 1000 ? `${short(length / 1000)} mm` : `${short(length)} µm`, 16, bottom - 7);
  }

  function draw() {
    const begin = performance.now(), ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "13px system-ui, sans-serif";
    for (const slice of slices) {
      const image = slice.image;
      if (image?.picture?.complete && at("ground").firstElementChild.checked) {
        const [left, top] = [image.x * view.scale + view.x, image.y * view.scale + view.y];
        pen.drawImage(image.picture, left, top, image.width * view.scale, image.height * view.scale);
      }
    }
    const opacity = Number(at("opacity").value);
    if (picked.size) drawSpots(false, opacity * FADED);
    drawSpots(true, opacity);
    pen.fillStyle = "#1b1f24";
    pen.textAlign = "center";
    for (const slice of slices) {
      if (slice.name !== null) {
        const middle = (slice.x + (slice.step_x * 65535) / 2) * view.scale + view.x;
        pen.fillText(slice.name, middle, (slice.y - slice.size) * view.scale + view.y - 4, data.room * view.scale);
      }
    }
    drawBar();
    Object.assign(canvas.dataset, {
      view: [view.scale, view.x, view.y].join(" "), zoom: view.scale / view.fit, milliseconds: performance.now() - begin,
    });
  }

  // ---- pointer and keys ----
  function describe(i, px, py) {
    ring.hidden = tip.hidden = i < 0;
    if (i < 0) return;
    const list = element("dl");
    const add = (name, text) => list.append(element("dt", "", name), element("dd", "", text));
    if (slices.length > 1) add("slice", slices[sliceOf[i]].name);
    for (const { kind, name, names, values, low, high } of panels) {
      const value = values[i];
      if (kind === "groups") add(name, value === NO_GROUP ? "unlabelled" : names[value]);
      else add(name, value === NO_NUMBER ? "none" : short(low + (value / (NO_NUMBER - 1)) * (high - low)));
    }
    tip.replaceChildren(element("strong", "", data.names[i]), list);
    const size = Math.max(10, slices[sliceOf[i]].size * view.scale + 4);
    Object.assign(ring.style, { width: `${size}px`, height: `${size}px` });
    const [left, top] = [x[i] * view.scale + view.x - size / 2, y[i] * view.scale + view.y - size / 2];
    ring.style.transform = `translate(${left}px, ${top}px)`;
    const right = px + 16 + tip.offsetWidth > frame.clientWidth ? px - 16 - tip.offsetWidth : px + 16;
    const low = Math.max(4, Math.min(py + 12, frame.clientHeight - tip.offsetHeight - 4));
    tip.style.transform = `translate(${Math.max(4, right)}px, ${low}px)`;
  }

  const held = new Map();
  let travelled = 0;
  const local = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const apart = () => {
    const [one, other] = [...held.values()];
    return Math.hypot(one[0] - other[0], one[1] - other[1]);
  };
  canvas.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, local(event));
    travelled = held.size > 1 ? CLICK : 0;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [px, py] = local(event), before = held.get(event.pointerId);
    if (!before) return describe(spotAt(px, py), px, py);
    const wide = held.size === 2 ? apart() : 0;
    held.set(event.pointerId, [px, py]);
    travelled += Math.hypot(px - before[0], py - before[1]);
    if (travelled < CLICK) return;
    canvas.classList.add("moving");
    describe(-1);
    if (wide) zoom(apart() / wide, px, py);
    else { view.x += px - before[0]; view.y += py - before[1]; later(); }
  });
  const release = (event) => {
    const was = held.delete(event.pointerId);
    canvas.classList.remove("moving");
    if (!was || event.type !== "pointerup" || travelled >= CLICK || grouping < 0) return;
    const i = spotAt(...local(event));
    pick(i < 0 ? null : panels[grouping].values[i]);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => describe(-1));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    describe(-1);
    const lines = event.deltaMode === 1 ? 30 : 1;
    zoom(Math.exp(Math.max(-1, Math.min(1, -event.deltaY * lines * 0.0015))), ...local(event));
  }, { passive: false });
  const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "0") whole();
    else if (steps[event.key]) { view.x += steps[event.key][0]; view.y += steps[event.key][1]; later(); }
    else return;
    event.preventDefault();
    describe(-1);
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") pick(null); });

  // ---- the page ----
  panels.forEach((panel, i) => {
    const option = element("option", "", panel.name);
    option.value = i;
    at("panel").append(option);
  });
  at("panel").addEventListener("change", (event) => show(Number(event.target.value)));
  at("closer").addEventListener("click", () => zoom(1.5));
  at("farther").addEventListener("click", () => zoom(1 / 1.5));
  at("whole").addEventListener("click", whole);
  at("opacity").addEventListener("input", later);
  at("ground").addEventListener("change", later);
  for (const { image } of slices) {
    if (!image) continue;
    at("ground").hidden = false;
    image.picture = new Image();
    image.picture.addEventListener("load", later);
    image.picture.src = image.src;
  }
  let fitted = false;
  new ResizeObserver(() => {
    const atRest = !fitted || Math.abs(view.scale / view.fit - 1) < 1e-9;
    fitted = true;
    if (atRest) fit();
    draw(); // at once: until then the browser would show the old drawing, stretched
  }).observe(frame);
  show(0);
  document.body.dataset.ready = "true";
})();
