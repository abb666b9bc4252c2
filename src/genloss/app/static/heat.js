// A number over two fields: colours, lines of equal height, the border of stability, a cross to read it.

import { part, ticksOf } from "./chart.js";
import { make, say } from "./page.js";
import { number } from "./words.js";

const { d3 } = window;
const MARGIN = { top: 8, right: 96, bottom: 44, left: 64 };
const UNKNOWN = "heat-unknown";
const POLICY = ["--c0", "--c1", "--c2", "--c3"];

// scale of an axis with half a cell beyond both ends, and the edges of its cells
function axisOf(values, log, range) {
  const scale = log ? d3.scaleLog() : d3.scaleLinear();
  scale.domain([values[0], values.at(-1)]).range([0, 1]);
  const at = values.map(scale);
  const middles = d3.pairs(at, (one, other) => (one + other) / 2);
  const edges = [at[0] - (middles[0] - at[0]), ...middles, at.at(-1) + (at.at(-1) - middles.at(-1))];
  const place = d3.scaleLinear([edges[0], edges.at(-1)], range);
  const ends = [scale.invert(edges[0]), scale.invert(edges.at(-1))];
  return {
    scale: (log ? d3.scaleLog() : d3.scaleLinear()).domain(ends).range(range),
    edges: edges.map(place),
    centres: at.map(place),
  };
}

// thin slanted lines: what is not known
function hatch() {
  const style = getComputedStyle(document.documentElement);
  const tile = document.createElement("canvas");
  tile.width = tile.height = 12;
  const pen = tile.getContext("2d");
  pen.fillStyle = style.getPropertyValue("--field");
  pen.fillRect(0, 0, 12, 12);
  pen.strokeStyle = style.getPropertyValue("--edge");
  pen.lineWidth = 2;
  pen.beginPath();
  for (const start of [-12, 0, 12]) {
    pen.moveTo(start - 1, 13);
    pen.lineTo(start + 13, -1);
  }
  pen.stroke();
  return tile;
}

// the same as a pattern of the key
function hatching(bar) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const pattern = part(bar, "pattern", "hatching").attr("id", UNKNOWN).attr("width", 6).attr("height", 6).attr("patternUnits", "userSpaceOnUse");
  part(pattern, "rect", "paper").attr("width", 6).attr("height", 6).attr("fill", colour("--field"));
  part(pattern, "path", "line").attr("d", "M-1,7L7,-1M-1,1L1,-1M5,7L7,5").attr("stroke", colour("--edge"));
}

export class Heat {
  constructor(label, opened) {
    this.label = label;
    this.node = make("figure", { class: "picture heat" });
    this.svg = d3.select(this.node).append("svg").attr("tabindex", 0).attr("role", "img").attr("aria-label", label);
    this.at = null;
    this.read = () => {};
    new ResizeObserver(() => this.draw()).observe(this.node);
    this.svg
      .on("pointermove", (event) => this.look(this.cell(d3.pointer(event))))
      .on("pointerleave", () => this.look(null))
      .on("click", (event) => this.cell(d3.pointer(event)) && opened(...this.cell(d3.pointer(event))))
      .on("keydown", (event) => this.key(event, opened));
  }

  key(event, opened) {
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!this.told || (!step && event.key !== "Enter")) return;
    event.preventDefault();
    const [column, row] = this.at ?? [Math.floor(this.told.x.length / 2), Math.floor(this.told.y.length / 2)];
    if (event.key === "Enter") {
      opened(column, row);
      return;
    }
    const held = (value, list) => Math.min(Math.max(value, 0), list.length - 1);
    this.look([held(column + step[0], this.told.x), held(row + step[1], this.told.y)]);
    say(this.words());
  }

  // x, y: values; values, radius: rows; names: of policies; none: what a value that is no number means;
  // reasons: why values are not known, rows of text that is empty where they are, or null
  show(told, description) {
    this.told = told;
    this.svg.attr("aria-label", `${this.label}: ${description}. Arrow keys move a cross, Enter opens its plan.`);
    this.look(null);
    this.draw();
  }

  cell([left, top]) {
    if (!this.x) return null;
    const column = d3.bisect(this.x.edges, left) - 1;
    const row = d3.bisect(this.y.edges.map((edge) => -edge), -top) - 1;
    return column in this.told.x && row in this.told.y ? [column, row] : null;
  }

  words() {
    if (!this.at || !this.told) return "";
    const [column, row] = this.at;
    const { x, y, values, names, xName, yName } = this.told;
    const value = values[row][column];
    const why = this.told.reasons?.[row][column];
    if (why) return `${xName} ${number(x[column], 3)}, ${yName.toLowerCase()} ${number(y[row], 3)}: not known (${why})`;
    const shown = names.length ? (names[value] ?? "none is stable") : Number.isFinite(value) ? number(value) : this.told.none;
    return `${xName} ${number(x[column], 3)}, ${yName.toLowerCase()} ${number(y[row], 3)}: ${shown}`;
  }

  draw() {
    const [width, height] = [this.node.clientWidth, this.node.clientHeight];
    if (!width || !this.told) return;
    const right = width < 500 ? 86 : this.told.names.length ? 126 : MARGIN.right;
    const box = { left: width < 500 ? 46 : MARGIN.left, right: width - right, top: MARGIN.top, bottom: height - MARGIN.bottom };
    const svg = this.svg.attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height);
    const { x, y, xLog, yLog, xName, yName } = this.told;
    this.x = axisOf(x, xLog, [box.left, box.right]);
    this.y = axisOf(y, yLog, [box.bottom, box.top]);
    this.box = box;
    this.paint = this.colours();
    part(svg, "image", "field")
      .attr("x", box.left)
      .attr("y", box.top)
      .attr("width", box.right - box.left)
      .attr("height", box.bottom - box.top)
      .attr("preserveAspectRatio", "none")
      .attr("href", this.picture());
    this.contours(svg);
    const tick = (scale, size) => ticksOf(scale, size);
    part(svg, "g", "ticks x")
      .selectAll("text")
      .data(tick(this.x.scale, box.right - box.left))
      .join("text")
      .attr("x", this.x.scale)
      .attr("y", box.bottom + 18)
      .text((value) => number(value, 3));
    part(svg, "g", "ticks y")
      .selectAll("text")
      .data(tick(this.y.scale, box.bottom - box.top))
      .join("text")
      .attr("x", box.left - 7)
      .attr("y", this.y.scale)
      .attr("dy", "0.32em")
      .text((value) => number(value, 3));
    part(svg, "text", "name x").attr("x", box.right).attr("y", height - 6).text(xName);
    part(svg, "text", "name y up").attr("transform", `translate(12,${box.top})rotate(-90)`).text(yName);
    this.legend(svg, width);
    this.look(this.at);
  }

  colours() {
    const { values, names } = this.told;
    if (names.length) {
      const style = getComputedStyle(document.documentElement);
      const colours = POLICY.map((name) => style.getPropertyValue(name));
      return { of: (value) => colours[value] };
    }
    const seen = values.flat().filter(Number.isFinite).sort(d3.ascending);
    let [low, high] = [seen[0] ?? 0, seen.at(-1) ?? 1];
    const log = low > 0 && high > 10 * low;
    if (log) high = d3.quantileSorted(seen, 0.98);
    if (!(high > low)) high = low + (Math.abs(low) || 1);
    const scale = (log ? d3.scaleLog() : d3.scaleLinear()).domain([low, high]).range([0, 1]).clamp(true);
    return { of: (value) => d3.interpolateViridis(scale(value)), scale, log, low, high };
  }

  picture() {
    const { box, x, y } = this;
    const canvas = document.createElement("canvas");
    const zoom = 2;
    canvas.width = zoom * (box.right - box.left);
    canvas.height = zoom * (box.bottom - box.top);
    const pen = canvas.getContext("2d");
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--void");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    const hatched = this.told.reasons ? pen.createPattern(hatch(), "repeat") : null;
    this.told.values.forEach((line, row) =>
      line.forEach((value, column) => {
        const unknown = this.told.reasons?.[row][column];
        if (!Number.isFinite(value) && !unknown) return;
        pen.fillStyle = unknown ? hatched : this.paint.of(value);
        const [left, right] = [x.edges[column], x.edges[column + 1]].map((edge) => Math.round(zoom * (edge - box.left)));
        const [bottom, top] = [y.edges[row], y.edges[row + 1]].map((edge) => Math.round(zoom * (edge - box.top)));
        pen.fillRect(left, top, right - left, bottom - top);
      }),
    );
    return canvas.toDataURL();
  }

  contours(svg) {
    const { values, radius, names } = this.told;
    const { scale, log } = this.paint;
    const levels = scale ? ticksOf(scale.copy().clamp(false), 330) : [];
    const height = (value) => (log ? Math.log(value) : value);
    const most = scale ? height(scale.domain()[1]) + 1 : 0;
    const raised = values.map((line) => line.map((value) => (Number.isFinite(value) ? Math.min(height(value), most) : most)));
    const lines = names.length ? [] : levels.map((level) => ({ level, d: this.line(raised, height(level)) }));
    part(svg, "g", "levels")
      .selectAll("path")
      .data(lines)
      .join("path")
      .attr("d", ({ d }) => d);
    const edge = radius
      ? this.line(
          radius.map((line) => line.map((value) => (Number.isNaN(value) ? -0.5 : Math.min(Math.max(Math.log(Math.max(value, 1e-9)), -0.5), 0.5)))),
          0,
        )
      : "";
    part(svg, "path", "casing").attr("d", edge);
    part(svg, "path", "border").attr("d", edge);
  }

  // the line on which heights over the grid have a value
  line(heights, level) {
    const [rows, columns] = [heights.length, heights[0].length];
    if (rows < 2 || columns < 2) return "";
    const shape = d3.contours().size([columns, rows]).smooth(true).contour(heights.flat(), level);
    const along = (centres) => d3.scaleLinear(d3.range(centres.length), centres).clamp(true);
    const [left, top] = [along(this.x.centres), along(this.y.centres)];
    const outside = ([column, row]) => column <= 0.5 || row <= 0.5 || column >= columns - 0.5 || row >= rows - 0.5;
    const path = [];
    for (const ring of shape.coordinates.flat()) {
      let pen = false;
      ring.forEach((point, place) => {
        const joined = pen && !(outside(point) && outside(ring[place - 1]));
        path.push(`${joined ? "L" : "M"}${left(point[0] - 0.5).toFixed(1)},${top(point[1] - 0.5).toFixed(1)}`);
        pen = true;
      });
    }
    return path.join("");
  }

  // what the colours mean
  legend(svg, width) {
    const { names, values, title } = this.told;
    const { box, paint } = this;
    const bar = part(svg, "g", "key");
    const left = box.right + 14;
    const size = names.length ? 0 : Math.min(box.bottom - box.top - 40, 260);
    const place = paint.scale?.copy().clamp(false).range([box.top + size, box.top]);
    bar
      .selectAll("rect.step")
      .data(names.length ? [] : d3.range(64))
      .join("rect")
      .attr("class", "step")
      .attr("x", left)
      .attr("width", 12)
      .attr("y", (step) => box.top + (size * (63 - step)) / 64)
      .attr("height", size / 64 + 0.6)
      .attr("fill", (step) => d3.interpolateViridis(step / 63));
    bar
      .selectAll("text.tick")
      .data(place ? ticksOf(place, size * 0.6) : [])
      .join("text")
      .attr("class", "tick")
      .attr("x", left + 17)
      .attr("y", place)
      .attr("dy", "0.32em")
      .text((value) => number(value, 3));
    const seen = values.flat();
    const reasons = this.told.reasons?.flat();
    const unstable = seen.some((value, at) => !Number.isFinite(value) && !reasons?.[at]);
    const rest = [
      ...names.map((name, at) => ({ name, fill: paint.of(at) })).filter((_, at) => seen.includes(at)),
      ...(unstable ? [{ name: names.length ? "none" : this.told.none, fill: getComputedStyle(document.documentElement).getPropertyValue("--void") }] : []),
      ...(reasons?.some(Boolean) ? [{ name: "not known", fill: `url(#${UNKNOWN})` }] : []),
    ];
    if (reasons) hatching(bar);
    const below = box.top + size + (size ? 22 : 10);
    const rows = bar
      .selectAll("g.name")
      .data(rest)
      .join((enter) => {
        const added = enter.append("g").attr("class", "name");
        added.append("rect").attr("width", 12).attr("height", 12).attr("y", -6);
        added.append("text").attr("x", 17).attr("dy", "0.32em");
        return added;
      })
      .attr("transform", (_, at) => `translate(${left},${below + 20 * at})`);
    rows.select("rect").attr("fill", ({ fill }) => fill);
    rows.select("text").text(({ name }) => (width < 500 ? name.split(" ")[0] : name));
    this.title = title;
  }

  look(at) {
    this.at = at;
    const cross = part(this.svg, "path", "cross").attr("data-passing", "");
    if (at && this.x && at[0] in this.x.centres && at[1] in this.y.centres) {
      const [left, top] = [this.x.centres[at[0]], this.y.centres[at[1]]];
      cross.attr("d", `M${left},${this.box.top}V${this.box.bottom}M${this.box.left},${top}H${this.box.right}`);
    } else cross.attr("d", "");
    this.read(this.words());
  }
}
