/** Dates of frames: as short as they are precise, and at the days, months or years that an axis has room for. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?)?/;

interface Parts {
  year: number;
  /** From 1, as days. */
  month: number;
  day: number;
  /** "14:30", "14:30:05"; "" for midnight. */
  time: string;
  /** Days since 1970. */
  count: number;
}

function partsOf(date: string): Parts | null {
  const found = ISO.exec(date);
  if (!found) return null;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const [hour = "00", minute = "00", second = "00"] = found.slice(4);
  const clock = second === "00" ? `${hour}:${minute}` : `${hour}:${minute}:${second}`;
  const count = Math.floor(Date.UTC(year, month - 1, day) / 864e5);
  return { year, month, day, time: clock === "00:00" ? "" : clock, count };
}

const monthName = (parts: Parts) => MONTHS[parts.month - 1] ?? String(parts.month);

/** Dates as a person reads them, all with the same parts: "2012" for a series of years, "Mar 2012", "3 Mar 2012", "3 Mar 2012 14:30". */
export function dateTexts(dates: readonly string[]): string[] {
  const parts = dates.map(partsOf);
  const known = parts.filter((each) => each !== null);
  const hasTime = known.some(({ time }) => time);
  const hasDay = hasTime || known.some(({ day }) => day !== 1) || known.length < 2;
  const hasMonth = hasDay || known.some(({ month }) => month !== 1);
  return parts.map((each, i) => {
    if (!each) return dates[i]!;
    const day = `${hasDay ? `${each.day} ` : ""}${hasMonth ? `${monthName(each)} ` : ""}${each.year}`;
    return hasTime ? `${day} ${each.time || "00:00"}` : day;
  });
}

/** A unit of the calendar: dates of one unit have the same key; the first of each is marked with `text`. */
interface Unit {
  key: (parts: Parts) => string | number;
  text: (parts: Parts) => string;
}

const dayText = (parts: Parts) => `${parts.day} ${monthName(parts)}`;
const monthText = (parts: Parts) => (parts.month === 1 ? String(parts.year) : monthName(parts));
const timeText = (parts: Parts) => parts.time || dayText(parts);
const hours = (parts: Parts) => Number(parts.time.slice(0, 2) || 0);

/** From the finest to the coarsest; weeks begin on Mondays. */
const UNITS: Unit[] = [
  { key: ({ count, time }) => `${count} ${time}`, text: timeText },
  { key: (parts) => `${parts.count} ${hours(parts)}`, text: timeText },
  { key: (parts) => `${parts.count} ${Math.floor(hours(parts) / 6)}`, text: timeText },
  { key: ({ count }) => count, text: dayText },
  { key: ({ count }) => Math.floor((count + 3) / 7), text: dayText },
  { key: ({ year, month }) => year * 12 + month, text: monthText },
  { key: ({ year, month }) => year * 4 + Math.floor((month - 1) / 3), text: monthText },
  ...[1, 2, 5, 10, 20, 50, 100].map((years) => ({
    key: ({ year }: Parts) => Math.floor(year / years),
    text: ({ year }: Parts) => String(year),
  })),
];

/** The index of the first unit that tells the dates apart without saying more than they do. */
function finest(dates: Parts[]): number {
  if (dates.some(({ time }) => time)) return 0;
  if (dates.some(({ day }) => day !== 1)) return 3;
  return dates.some(({ month }) => month !== 1) ? 5 : 7;
}

export interface DateTick {
  /** Index among the dates. */
  index: number;
  text: string;
}

/**
 * Where the dates of an axis are named, and as what: at the first frame of each day, week, month, quarter or year, by the finest
 * unit whose names lie at least `room` frames apart. The first frame is named in full where there is room.
 */
export function dateTicks(dates: readonly string[], room: number): DateTick[] {
  const parts = dates.map(partsOf);
  if (!parts.length || parts.some((each) => !each)) return [];
  const known = parts as Parts[];
  let ticks: DateTick[] = [];
  for (const unit of UNITS.slice(finest(known))) {
    const begins = known.flatMap((each, index) =>
      index && unit.key(each) !== unit.key(known[index - 1]!) ? [index] : [],
    );
    const gaps = begins.slice(1).map((index, i) => index - begins[i]!);
    ticks = begins.map((index) => ({ index, text: unit.text(known[index]!) }));
    if (!gaps.length || Math.min(...gaps) >= room) break;
  }
  const full = { index: 0, text: dateTexts([dates[0]!, dates.at(-1)!])[0]! };
  const next = ticks[0];
  return !next || next.index >= room * 1.2 ? [full, ...ticks] : ticks;
}
