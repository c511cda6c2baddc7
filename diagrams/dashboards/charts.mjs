// Draws charts: a list of ECharts' options with sizes on standard input, a list of SVGs on standard output.
import { readFileSync, writeSync } from "node:fs";
import * as echarts from "echarts";

const units = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
const brief = (value) => {
  const [size, unit] = units.find(([least]) => Math.abs(value) >= 10 * least) ?? [1, ""];
  return `${+(value / size).toPrecision(4)}${unit}`;
};

const drawn = JSON.parse(readFileSync(0, "utf8")).map(({ width, height, option }) => {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  option.yAxis.axisLabel.formatter = brief;
  chart.setOption(option);
  return chart.renderToSVGString();
});
const text = Buffer.from(JSON.stringify(drawn));
for (let at = 0; at < text.length; ) at += writeSync(1, text, at);
// The library's timers would keep the process waiting.
process.exit(0);
