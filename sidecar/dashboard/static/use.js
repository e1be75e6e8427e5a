// Requests, tokens and cost of each model: a chart of one of them, and a table of all.

import { html, useEffect, useId, useRef, useState } from "./view.js";
import { count, money } from "./format.js";

const HEIGHT = 170;
const MOST = 12; // models in the chart, fewer where there is no room; the table has them all
const NARROWEST = 48; // pixels of a bar with its label
const SIDE = 70; // pixels beside the bars
const tokens = (row) => row.inputTokens + row.outputTokens;
const MEASURES = {
  requests: { label: "Requests", of: (row) => row.requests, shown: count },
  tokens: { label: "Tokens", of: tokens, shown: count },
  cost: { label: "Cost", of: (row) => row.cost ?? 0, shown: money },
};

export function Use({ rows }) {
  const [measure, setMeasure] = useState("requests");
  const group = useId();
  const sorted = [...rows].sort((one, other) => MEASURES[measure].of(other) - MEASURES[measure].of(one));
  return html`<fieldset class="choice"><legend class="unseen">What the chart shows</legend>
      ${Object.entries(MEASURES).map(([name, { label }]) => html`<label key=${name}>
        <input type="radio" name=${group} value=${name} checked=${name === measure} onChange=${() => setMeasure(name)} />${label}</label>`)}
    </fieldset>
    ${measure === "cost" && rows.every((row) => (row.cost ?? null) === null)
      ? html`<p class="chart quiet">What these requests cost is not known: their models have no price.</p>`
      : html`<${Bars} rows=${sorted} measure=${MEASURES[measure]} />`}
    <table role="table" class="use"><caption class="unseen">Requests, tokens and cost today, by model</caption>
      <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Model</th><th role="columnheader" scope="col" class="number">Requests</th><th role="columnheader" scope="col" class="number">Tokens in</th>
        <th role="columnheader" scope="col" class="number">Tokens out</th><th role="columnheader" scope="col" class="number">Cost</th></tr></thead>
      <tbody role="rowgroup">${sorted.map((row) => html`<tr role="row" key=${row.key}>
        <th role="rowheader" scope="row" class="model">${row.key || "no model"}</th><td role="cell" class="number">${count(row.requests)}</td>
        <td role="cell" class="number">${count(row.inputTokens)}</td><td role="cell" class="number">${count(row.outputTokens)}</td>
        <td role="cell" class="number">${money(row.cost)}${row.unpriced > 0 && html` <small>+ ${count(row.unpriced)} unknown</small>`}</td></tr>`)}</tbody>
    </table>`;
}

// Redrawn as a whole: it is a few bars, and its colours follow the theme.
function Bars({ rows, measure }) {
  const place = useRef(null);
  const drawn = JSON.stringify([measure.label, rows]);
  useEffect(() => {
    let chart = null;
    let isGone = false;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const draw = async () => {
      const { default: UPlot } = await import("./vendor/uplot.js");
      if (isGone || !place.current?.clientWidth) return;
      chart?.destroy();
      const most = Math.max(3, Math.min(MOST, Math.floor((place.current.clientWidth - SIDE) / NARROWEST)));
      const shown = rows.slice(0, most);
      chart = new UPlot(options(UPlot, place.current, shown, measure), [shown.map((_, index) => index), shown.map(measure.of)], place.current);
    };
    const watcher = new ResizeObserver(draw);
    watcher.observe(place.current);
    dark.addEventListener("change", draw);
    return () => {
      isGone = true;
      watcher.disconnect();
      dark.removeEventListener("change", draw);
      chart?.destroy();
    };
  }, [drawn]);
  return html`<div class="chart" ref=${place} aria-hidden="true"></div>`;
}

function options(UPlot, place, rows, { label, shown }) {
  const colour = (name) => getComputedStyle(place).getPropertyValue(name).trim();
  const room = Math.max(4, Math.floor((place.clientWidth - SIDE) / Math.max(rows.length, 3) / 7.5) - 1);
  const short = (key) => {
    const name = (key || "no model").split("/").pop();
    return name.length > room ? `${name.slice(0, room - 1)}…` : name;
  };
  const axis = { stroke: colour("--quiet"), font: `12px ${colour("--sans")}`, ticks: { show: false } };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [12, 8, 0, 0],
    scales: {
      x: { time: false, range: () => [-0.6, Math.max(rows.length, 3) - 0.4] },
      y: { range: (_, __, most) => [0, (most || 1) * 1.1] },
    },
    axes: [
      { ...axis, grid: { show: false }, splits: () => rows.map((_, index) => index), size: 30, values: () => rows.map((row) => short(row.key)) },
      { ...axis, grid: { stroke: colour("--line"), width: 1 }, size: 62, values: (_, ticks) => ticks.map((tick) => (label === "Cost" || Number.isInteger(tick) ? shown(tick) : "")) },
    ],
    series: [{}, { label, fill: colour("--accent"), stroke: colour("--accent"), width: 0, points: { show: false }, paths: UPlot.paths.bars({ size: [0.6, 72], radius: 0.08 }) }],
  };
}
