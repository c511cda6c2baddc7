// Lays a graph out: DOT on standard input, Graphviz's JSON, with what it would draw, on standard output.
import { readFileSync } from "node:fs";
import { instance } from "@viz-js/viz";

const viz = await instance();
const result = viz.render(readFileSync(0, "utf8"), { format: "json" });
if (result.status !== "success") {
  console.error(result.errors.map(({ message }) => message).join("\n"));
  process.exit(1);
}
process.stdout.write(result.output);
