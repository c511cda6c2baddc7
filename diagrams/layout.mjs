// Lays a graph out: DOT on standard input, SVG on standard output. Each text says how wide it was measured, so that it stays
// in its box where people's fonts are wider than the one whose measures Graphviz has.
import { readFileSync } from "node:fs";
import { instance } from "@viz-js/viz";

// Letters that Graphviz has measures for.
const MEASURED = /^(?=.*[!-~])[ -~\u00a0]*$/;

const viz = await instance();
const result = viz.renderFormats(readFileSync(0, "utf8"), ["svg", "json"]);
if (result.status !== "success") {
  console.error(result.errors.map(({ message }) => message).join("\n"));
  process.exit(1);
}
const widths = new Map();
JSON.parse(result.output.json, (_, value) => {
  if (value?.op === "T") {
    widths.set(`${value.pt[0]} ${-value.pt[1]}`, value.width);
  }
  return value;
});
const svg = result.output.svg.replace(
  /<text ([^>]*x="([^"]+)" y="([^"]+)"[^>]*)>([^<]*)/g,
  (text, attributes, x, y, words) => {
    const width = widths.get(`${Number(x)} ${Number(y)}`);
    return width && MEASURED.test(words)
      ? `<text ${attributes} textLength="${width}" lengthAdjust="spacingAndGlyphs">${words}`
      : text;
  },
);
process.stdout.write(svg);
