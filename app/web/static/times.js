/** Instants and days as a person says them, in their own zone and language. */
import { language, t } from "./words.js";

/** @type {string | undefined} */
let zone;

/** From now on times are told in this zone. @param {string | undefined} name */
export function useZone(name) {
  zone = name;
}

/** @param {Intl.DateTimeFormatOptions} options @param {string | Date} instant */
function told(options, instant) {
  return new Intl.DateTimeFormat(language(), { timeZone: zone, ...options }).format(new Date(instant));
}

/** "10:30 AM". @param {string | Date} instant */
export const clock = (instant) => told({ hour: "numeric", minute: "2-digit" }, instant);

/** "Tuesday, March 3". @param {string | Date} instant */
export const longDay = (instant) => told({ weekday: "long", month: "long", day: "numeric" }, instant);

/** "Tue, Mar 3". @param {string | Date} instant */
export const shortDay = (instant) => told({ weekday: "short", month: "short", day: "numeric" }, instant);

/** The last day before an instant at which something ends: "Mar 3, 2027". @param {string} end */
export const lastDay = (end) => told({ year: "numeric", month: "short", day: "numeric" }, new Date(Date.parse(end) - 1));

/** The day as it stands on the person's calendar: "2026-03-03". @param {string | Date} [instant] */
export function dayOf(instant = new Date()) {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  return format.format(new Date(instant));
}

/** A calendar day without a time: "Mar 3". @param {string} day */
export const dayName = (day) =>
  new Intl.DateTimeFormat(language(), { timeZone: "UTC", month: "short", day: "numeric" }).format(new Date(`${day}T12:00Z`));

/** "today", "tomorrow", or the day. @param {string | Date} instant */
export function nearDay(instant) {
  if (dayOf(instant) === dayOf()) return t("today");
  if (dayOf(instant) === dayOf(new Date(Date.now() + 86_400_000))) return t("tomorrow");
  return shortDay(instant);
}

/** "just now", "4 min ago", "2 hr ago". @param {string} instant @param {number} [now] */
export function ago(instant, now = Date.now()) {
  const minutes = Math.floor((now - Date.parse(instant)) / 60_000);
  if (minutes < 1) return t("justNow");
  const format = new Intl.RelativeTimeFormat(language(), { style: "short" });
  if (minutes < 60) return format.format(-minutes, "minute");
  return minutes < 1440 ? format.format(-Math.floor(minutes / 60), "hour") : shortDay(instant);
}

/** Which part of the day it is for this person. @returns {"morning" | "afternoon" | "evening"} */
export function partOfDay() {
  const hour = Number(new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "numeric", hourCycle: "h23" }).format(new Date()));
  if (hour < 12 && hour >= 4) return "morning";
  return hour < 18 && hour >= 12 ? "afternoon" : "evening";
}
