/** Thirty days of mood and craving as two lines, with the week in words beside them. */
import uPlot from "uplot";
import { useLoaded } from "../loaded.js";
import { Shown } from "../parts.js";
import { dayName } from "../times.js";
import { html, useEffect, useRef } from "../ui.js";
import { language, t } from "../words.js";

/** @typedef {import("../types.js").Trend} TrendAnswer */

/** @param {{patientId: string, small?: boolean}} props */
export function Trend({ patientId, small = false }) {
  const trend = useLoaded(`/v1/patients/${patientId}/trend?days=30`, ["check-in", "alert"]);
  return html`<${Shown} of=${trend}>${(/** @type {TrendAnswer} */ found) => html`<${Drawn} trend=${found} small=${small} />`}<//>`;
}

/** @param {{trend: TrendAnswer, small: boolean}} props */
function Drawn({ trend, small }) {
  if (!trend.days.length) return html`<p class="soft">${t(small ? "trend.empty.other" : "trend.empty")}</p>`;
  return html`
    <figure class="trend ${small ? "small" : ""}">
      <figcaption>
        <span class="key mood">${t("trend.mood")} ${small && mean(trend.moodMean7)}</span>
        <span class="key craving">${t("trend.craving")} ${small && mean(trend.cravingMean7)}</span>
        ${!small && html`<span class="week">${inWords(trend)}</span>`}
      </figcaption>
      <${Lines} trend=${trend} height=${small ? 64 : 210} small=${small} />
    </figure>
  `;
}

/** @param {TrendAnswer} trend */
function inWords(trend) {
  const { moodMean7: mood, cravingMean7: craving } = trend;
  return mood === null || craving === null ? "" : t("trend.week", { mood: mean(mood), craving: mean(craving) });
}

/** A mean as a person says it; a dash where nothing was answered. @param {number | null} value */
const mean = (value) => (value === null ? "–" : new Intl.NumberFormat(language(), { maximumFractionDigits: 1 }).format(value));

/** The lines fill the width that there is, and follow it and the colours of the page. @param {{trend: TrendAnswer, height: number, small: boolean}} props */
function Lines({ trend, height, small }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    if (!box.current) return;
    const place = box.current;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    let plot = draw(place, trend, height, small);
    const redraw = () => (plot.destroy(), (plot = draw(place, trend, height, small)));
    const fit = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height }));
    fit.observe(place);
    dark.addEventListener("change", redraw);
    return () => (fit.disconnect(), dark.removeEventListener("change", redraw), plot.destroy());
  }, [trend, height, small]);
  return html`<div class="plot" ref=${box} role="img" aria-label="${t("trend.title")}. ${inWords(trend)}"></div>`;
}

/** @param {HTMLElement} place @param {TrendAnswer} trend @param {number} height @param {boolean} small */
function draw(place, trend, height, small) {
  const days = trend.days.map((day) => Date.parse(`${day.date}T12:00Z`) / 1000);
  const moods = trend.days.map((day) => day.mood);
  const cravings = trend.days.map((day) => day.craving);
  return new uPlot(options(place, height, small), [days, moods, cravings], place);
}

/** @param {HTMLElement} place @param {number} height @param {boolean} small @returns {import("uplot").Options} */
function options(place, height, small) {
  const colour = (/** @type {string} */ name) => getComputedStyle(place).getPropertyValue(name).trim();
  const axis = { stroke: colour("--soft"), font: "12px Figtree, sans-serif", ticks: { show: false } };
  return {
    width: place.clientWidth || 300,
    height,
    padding: small ? [4, 2, 4, 2] : [8, 8, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    tzDate: (/** @type {number} */ at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
    scales: { y: { range: [-0.4, 10.4] } },
    axes: [
      { ...axis, show: !small, size: 28, gap: 8, grid: { show: false }, space: 90, values: (_, at) => at.map((one) => dayName(new Date(one * 1e3).toISOString().slice(0, 10))) },
      { ...axis, show: !small, size: 30, splits: [0, 5, 10], grid: { stroke: colour("--line"), width: 1 } },
    ],
    series: [{}, line(colour("--mood"), colour("--mood-wash"), small), line(colour("--craving"), undefined, small)],
  };
}

/** @param {string} stroke @param {string | undefined} fill @param {boolean} small @returns {import("uplot").Series} */
const line = (stroke, fill, small) => ({
  stroke,
  fill,
  width: small ? 1.5 : 2.5,
  paths: uPlot.paths.spline?.(),
  points: { show: false },
});
