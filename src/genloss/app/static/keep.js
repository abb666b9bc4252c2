// Pictures, tables and code as files of the user's.

const PROPERTIES = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin",
  "stroke-linecap", "opacity", "font-size", "font-weight", "text-anchor", "dominant-baseline", "image-rendering",
];
const SVG = "http://www.w3.org/2000/svg";

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export const text = (words, name, kind = "text/plain") => download(new Blob([words], { type: `${kind};charset=utf-8` }), name);

export function csv(headings, rows, name) {
  const cell = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  text(`${[headings, ...rows].map((row) => row.map(cell).join(",")).join("\n")}\n`, name, "text/csv");
}

// the picture with its styles inside and the page's colour behind it
export function drawing(svg) {
  const copy = svg.cloneNode(true);
  const shown = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((node, place) => {
    const style = getComputedStyle(shown[place]);
    for (const property of PROPERTIES) {
      const value = style.getPropertyValue(property);
      if (value && value !== "none" && value !== "auto" && value !== "normal") node.setAttribute(property, value);
      else if (value === "none") node.setAttribute(property, "none");
    }
    node.removeAttribute("class");
    node.removeAttribute("tabindex");
  });
  copy.querySelectorAll("[data-passing]").forEach((node) => node.remove());
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.setAttribute("font-family", "system-ui, sans-serif");
  const paper = document.createElementNS(SVG, "rect");
  paper.setAttribute("width", width);
  paper.setAttribute("height", height);
  paper.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  copy.prepend(paper);
  return { words: new XMLSerializer().serializeToString(copy), width, height };
}

export const svg = (node, name) => text(drawing(node).words, name, "image/svg+xml");

export async function png(node, name) {
  const { words, width, height } = drawing(node);
  const address = URL.createObjectURL(new Blob([words], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  canvas.toBlob((blob) => download(blob, name), "image/png");
}
