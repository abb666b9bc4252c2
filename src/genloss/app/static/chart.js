// Errors of models, one after the other: theory as lines, chance as points with bars.

import { make, say } from "./page.js";
import { number } from "./words.js";

const { d3 } = window;
const WIDE = { top: 34, right: 18, bottom: 42, left: 58, legend: 58, line: 20, between: 44 };
const NARROW = { top: 26, right: 10, bottom: 38, left: 30, legend: 0, line: 18, between: 36 };
const PHONE = 500; // pixels, under which a picture is narrow
const BARS = 2; // standard errors

const finite = (value) => Number.isFinite(value);

// as in the package's figures: logarithmic where errors span more than a decade, else from zero
function scaleOf(values, range) {
  const seen = values.filter(finite);
  const [low, high] = d3.extent(seen);
  if (low > 0 && high > 10 * low) return d3.scaleLog().domain([low / 1.15, high * 1.15]).range(range);
  return d3.scaleLinear().domain([0, high > 0 ? 1.06 * high : 1]).range(range);
}

export function ticksOf(scale, room) {
  if (!scale.base) return scale.ticks(Math.max(3, Math.round(room / 55)));
  const [low, high] = scale.domain();
  const decades = Math.log10(high / low);
  const factors = decades < 2.5 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / (room / 40)));
  return d3
    .range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1)
    .filter((power) => power % every === 0)
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((tick) => tick >= low && tick <= high);
}

export class Chart {
  constructor(label) {
    this.node = make("figure", { class: "picture" });
    this.svg = d3.select(this.node).append("svg").attr("tabindex", 0).attr("role", "img").attr("aria-label", label);
    this.label = label;
    this.told = { series: [], y: "" };
    this.at = null;
    new ResizeObserver(() => this.draw()).observe(this.node);
    this.svg
      .on("pointermove", (event) => this.look(Math.round(this.x?.invert(d3.pointer(event)[0]))))
      .on("pointerleave blur", () => this.look(null))
      .on("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        this.look((this.at ?? (step > 0 ? -1 : this.count)) + step);
        say(this.words());
      });
  }

  // series: name, values, stderr or none, colour (a number), thin, faint (as it was); count where more models will come
  show(told, description) {
    this.told = told;
    this.svg.attr("aria-label", `${this.label}: ${description}. The table below has the numbers.`);
    this.draw();
  }

  get count() {
    const longest = d3.max(this.told.series, ({ values }) => values.length);
    return longest ? Math.max(longest, this.told.count ?? 0) : 0;
  }

  draw() {
    const [width, height] = [this.node.clientWidth, this.node.clientHeight];
    if (!width || !this.count) return;
    const svg = this.svg.attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height);
    const { series, y: name } = this.told;
    const margin = (this.margin = { ...(width < PHONE ? NARROW : WIDE) });
    const top = margin.top + this.legend(width);
    const ends = series.flatMap(({ values, stderr, thin }) =>
      thin ? [] : stderr ? values.flatMap((value, at) => [value, value + BARS * stderr[at]]) : values,
    );
    const y = scaleOf(ends, [height - margin.bottom, top]);
    const ticks = ticksOf(y, height - margin.bottom - top);
    const labels = part(svg, "g", "ticks y")
      .selectAll("text")
      .data(ticks)
      .join("text")
      .attr("y", (tick) => y(tick))
      .attr("dy", "0.32em")
      .text((tick) => number(tick, 3));
    margin.left = Math.max(margin.left, 12 + (d3.max(labels.nodes(), (label) => label.getComputedTextLength()) ?? 0));
    labels.attr("x", margin.left - 8);
    const x = d3.scaleLinear([0, Math.max(this.count - 1, 1)], [margin.left, width - margin.right]);
    Object.assign(this, { x, y, top, height, width });

    part(svg, "g", "grid")
      .selectAll("line")
      .data(ticks)
      .join("line")
      .attr("x1", margin.left)
      .attr("x2", width - margin.right)
      .attr("y1", (tick) => y(tick))
      .attr("y2", (tick) => y(tick));
    const models = x.ticks(Math.min(this.count - 1, Math.max(2, Math.round(width / 70)))).filter(Number.isInteger);
    part(svg, "g", "ticks x")
      .selectAll("text")
      .data(this.count > 1 ? models : [0])
      .join("text")
      .attr("x", (tick) => x(tick))
      .attr("y", height - margin.bottom + 19)
      .text(String);
    part(svg, "path", "axis").attr("d", `M${margin.left},${height - margin.bottom}H${width - margin.right}`);
    part(svg, "text", "name x").attr("x", width - margin.right).attr("y", height - 6).text("model (0 is trained on real labels)");
    part(svg, "text", "name y").attr("x", 0).attr("y", 15).text(name + (y.base ? ", log scale" : ""));
    this.lines(svg);
    const empty = !ends.some(finite);
    part(svg, "text", "empty").attr("x", width / 2).attr("y", height / 2).text(empty ? "the mean risk is infinite" : "");
    this.look(this.at);
  }

  lines(svg) {
    const { x, y } = this;
    const seen = (value) => finite(value) && (!y.base || value > 0);
    const line = d3
      .line()
      .defined(seen)
      .x((_, at) => x(at))
      .y((value) => y(value));
    const { series } = this.told;
    const curves = series.filter(({ stderr }) => !stderr);
    part(svg, "g", "curves")
      .selectAll("path")
      .data(curves)
      .join("path")
      .attr("class", ({ colour, thin, faint }) => `c${colour}${thin ? " thin" : ""}${faint ? " faint" : ""}`)
      .attr("d", ({ values }) => line(values.length > 1 ? values : [values[0], values[0]]));
    const dots = curves.filter(({ thin, faint, values }) => !thin && !faint && values.length <= 60);
    part(svg, "g", "dots")
      .selectAll("circle")
      .data(dots.flatMap(({ values, colour }) => values.map((value, at) => ({ value, at, colour }))).filter(({ value }) => seen(value)))
      .join("circle")
      .attr("class", ({ colour }) => `c${colour}`)
      .attr("r", 2.5)
      .attr("cx", ({ at }) => x(at))
      .attr("cy", ({ value }) => y(value));
    const runs = series.filter(({ stderr }) => stderr);
    const points = runs.flatMap(({ values, stderr, colour }) => values.map((value, at) => ({ value, at, colour, bar: BARS * stderr[at] })));
    const least = y.domain()[0];
    const group = part(svg, "g", "points")
      .selectAll("g")
      .data(points.filter(({ value }) => seen(value)))
      .join((enter) => {
        const added = enter.append("g");
        added.append("path");
        added.append("circle");
        return added;
      })
      .attr("class", ({ colour }) => `c${colour}`)
      .attr("transform", ({ at }) => `translate(${x(at)},0)`);
    group.select("circle").attr("r", 4).attr("cy", ({ value }) => y(value));
    group.select("path").attr("d", ({ value, bar }) => {
      const [high, low] = [y(value + bar), y(Math.max(value - bar, least))];
      return `M-3,${high}H3M0,${high}V${low}M-3,${low}H3`;
    });
  }

  // names above the picture, on as many lines as they need; returns their height beyond the first
  legend(width) {
    const named = this.told.series.filter(({ name }) => name);
    const group = part(this.svg, "g", "legend")
      .selectAll("g")
      .data(named)
      .join((enter) => {
        const added = enter.append("g");
        added.append("path");
        added.append("circle");
        added.append("text").attr("x", 26).attr("dy", "0.32em");
        return added;
      })
      .attr("class", ({ colour, stderr, thin }) => `c${colour} ${stderr ? "runs" : "line"}${thin ? " thin" : ""}`);
    group.select("path").attr("d", ({ stderr }) => (stderr ? "M10,-6V6M7,-6H13M7,6H13" : "M0,0H20"));
    group.select("circle").attr("cx", 10).attr("r", ({ stderr, thin }) => (stderr ? 4 : thin ? 0 : 2.5));
    group.select("text").text(({ name }) => name);
    const margin = this.margin;
    let [left, line] = [margin.legend, 0];
    group.each(function place() {
      const size = this.querySelector("text").getComputedTextLength() + margin.between;
      if (left + size > width && left > margin.legend) [left, line] = [margin.legend, line + 1];
      this.setAttribute("transform", `translate(${left},${margin.top + 2 + margin.line * line})`);
      left += size;
    });
    return named.length ? margin.line * (line + 1) : 0;
  }

  // what there is to read at the model that is pointed at
  get read() {
    return this.told.series.filter(({ name, values }) => name && this.at < values.length);
  }

  words() {
    if (this.at === null) return "";
    const values = this.read.map(({ name, values, stderr }) => {
      const spread = stderr ? ` ± ${number(BARS * stderr[this.at], 2)}` : "";
      return `${name} ${number(values[this.at])}${spread}`;
    });
    return `model ${this.at}: ${values.join(", ")}`;
  }

  look(at) {
    this.at = at === null || Number.isNaN(at) || !this.x ? null : Math.min(Math.max(at, 0), this.count - 1);
    const reader = part(this.svg, "g", "reader").attr("data-passing", "");
    if (this.at === null) {
      reader.selectAll("*").remove();
      return;
    }
    const place = this.x(this.at);
    part(reader, "path", "rule").attr("d", `M${place},${this.top}V${this.height - this.margin.bottom}`);
    const lines = [{ name: `model ${this.at}` }, ...this.read.map((one) => ({ ...one, value: one.values[this.at] }))];
    const text = part(reader, "g", "card");
    part(text, "rect", "");
    const rows = text
      .selectAll("text")
      .data(lines)
      .join("text")
      .attr("y", (_, row) => 17 * row)
      .text(({ name, value, stderr }) =>
        value === undefined ? name : `${number(value)}${stderr ? ` ± ${number(BARS * stderr[this.at], 2)}` : ""}  ${name}`,
      );
    const size = d3.max(rows.nodes(), (row) => row.getComputedTextLength()) + 18;
    const left = place + size + 12 > this.width ? place - size - 10 : place + 10;
    text.attr("transform", `translate(${left},${this.top + 8})`);
    text.select("rect").attr("width", size).attr("height", 17 * lines.length + 10).attr("y", -14).attr("rx", 4);
    rows.attr("x", 9).attr("dy", "0.2em");
  }
}

// the part of a drawing with these classes, made where it is not there yet
export function part(parent, tag, classes) {
  const selector = classes ? `${tag}.${classes.split(" ").join(".")}` : tag;
  const found = parent.select(selector);
  return found.empty() ? parent.append(tag).attr("class", classes || null) : found;
}
