/** "local" is the browser's zone. */
export type Zone = "local" | "utc";

const formats = new Map<string, Intl.DateTimeFormat>();

function partsOf(at: Date, zone: Zone) {
  const timeZone = zone === "utc" ? "UTC" : localZone();
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
  return { date: `${parts["year"]}-${parts["month"]}-${parts["day"]}`, time: `${parts["hour"]}:${parts["minute"]}:${parts["second"]}` };
}

export const localZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** 2026-01-31 14:02:05: the same width for every time, in the order that sorts. */
export function formatTime(at: string | Date, zone: Zone) {
  const { date, time } = partsOf(new Date(at), zone);
  return `${date} ${time}`;
}

/** Without the day where it is today's. */
export function formatShort(at: string | Date, zone: Zone, now: Date) {
  const { date, time } = partsOf(new Date(at), zone);
  const today = partsOf(now, zone).date;
  if (date === today) return time;
  return `${date.slice(0, 4) === today.slice(0, 4) ? date.slice(5) : date} ${time.slice(0, 5)}`;
}

export const formatClock = (at: string | Date, zone: Zone) => partsOf(new Date(at), zone).time;

/** UTC, UTC+1, UTC-3:30 */
export function offsetOf(at: Date, zone: Zone) {
  if (zone === "utc") return "UTC";
  const minutes = -at.getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(Math.abs(minutes) / 60)}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}

interface Units { seconds: (n: number) => string; minutes: (n: number) => string; hours: (n: number) => string; days: (n: number) => string }

/** The two largest units that say something: 12 s, 3 min, 2 h 5 min, 4 d 3 h. */
export function formatSpan(seconds: number, units: Units) {
  if (seconds > 0 && seconds < 1) return `< ${units.seconds(1)}`;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return units.seconds(whole);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return units.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return [units.hours(hours), ...(minutes % 60 ? [units.minutes(minutes % 60)] : [])].join(" ");
  const days = Math.floor(hours / 24);
  return [units.days(days), ...(hours % 24 && days < 10 ? [units.hours(hours % 24)] : [])].join(" ");
}

/** What a field for a time of the viewer's zone holds, and back. */
export function toField(at: string, zone: Zone) {
  const { date, time } = partsOf(new Date(at), zone);
  return `${date}T${time.slice(0, 5)}`;
}

export function fromField(value: string, zone: Zone) {
  if (!value) return null;
  const at = new Date(zone === "utc" ? `${value}Z` : value);
  return Number.isNaN(at.getTime()) ? null : at.toISOString().replace(/\.\d+Z$/, "Z");
}
