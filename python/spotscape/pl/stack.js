"use strict";
// Turns a stack of sections on a canvas; the still picture beside it is for pages without JavaScript.
(() => {
  const canvas = document.getElementById("turning");
  const button = document.getElementById("turning-button");
  const still = document.getElementById("turning-still");
  const { places, codes, colors, size } = JSON.parse(document.getElementById("turning-data").textContent);
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const n = codes.length;
  const depth = new Float32Array(n), across = new Float32Array(n), down = new Float32Array(n);
  const order = Uint32Array.from({ length: n }, (_, at) => at);
  let yaw = -0.6, pitch = 0.45, held = null;
  let turns = !matchMedia("(prefers-reduced-motion: reduce)").matches;

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const side = Math.round(canvas.clientWidth * ratio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const scale = side / 2.1, middle = side / 2;
    const c = Math.cos(yaw), s = Math.sin(yaw), up = Math.sin(pitch), flat = Math.cos(pitch);
    for (let at = 0; at < n; at++) {
      const x = places[3 * at] / 1000, y = places[3 * at + 1] / 1000, z = places[3 * at + 2] / 1000;
      const toward = s * x + c * y;
      across[at] = c * x - s * y;
      down[at] = up * toward - flat * z;
      depth[at] = flat * toward + up * z;
    }
    order.sort((one, other) => depth[one] - depth[other]);
    pen.clearRect(0, 0, side, side);
    const wide = Math.max(ratio, 0.8 * size * scale), high = Math.max(ratio, wide * Math.max(0.3, Math.abs(up)));
    for (const at of order) {
      pen.fillStyle = colors[codes[at] < 0 ? colors.length - 1 : codes[at]];
      pen.fillRect(middle + scale * across[at] - wide / 2, middle + scale * down[at] - high / 2, wide, high);
    }
  }

  function step() {
    if (turns && !held && !document.hidden) {
      yaw += 0.01;
      draw();
    }
    requestAnimationFrame(step);
  }

  function say() {
    button.textContent = turns ? "Stop" : "Turn";
  }

  button.addEventListener("click", () => {
    turns = !turns;
    say();
  });
  canvas.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    yaw -= (event.clientX - held[0]) / 150;
    pitch = Math.min(1.57, Math.max(0, pitch + (event.clientY - held[1]) / 150));
    held = [event.clientX, event.clientY];
    draw();
  });
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => (held = null));
  canvas.addEventListener("keydown", (event) => {
    const turn = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (!turn) return;
    event.preventDefault();
    yaw += turn[0];
    pitch = Math.min(1.57, Math.max(0, pitch + turn[1]));
    draw();
  });
  window.addEventListener("resize", draw);
  document.getElementById("turning-figure").hidden = false;
  still.hidden = true;
  say();
  draw();
  requestAnimationFrame(step);
})();
