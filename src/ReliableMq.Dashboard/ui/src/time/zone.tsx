import { createContext, type ReactNode, use, useEffect, useState } from "react";
import { useSession } from "../api/use";
import { useTexts } from "../i18n/language";
import { readStored, store } from "../parts/stored";
import { formatShort, formatSpan, formatTime, offsetOf, type Zone } from "./format";

interface Clock { zone: Zone; setZone: (zone: Zone) => void; now: Date }

const Context = createContext<Clock>({ zone: "local", setZone: () => {}, now: new Date() });

export const useClock = () => use(Context);

/** The zone that times are shown in, and a clock that is as right as the server's. */
export function ClockProvider({ children }: { children: ReactNode }) {
  const [zone, setZone] = useState<Zone>(readStored("zone") === "utc" ? "utc" : "local");
  const session = useSession();
  const [ahead, setAhead] = useState(0);
  const [now, setNow] = useState(() => new Date());

  // Ages are the server's: a viewer's clock may be wrong.
  useEffect(() => {
    if (session.data) setAhead(new Date(session.data.now).getTime() - session.dataUpdatedAt);
  }, [session.data, session.dataUpdatedAt]);
  useEffect(() => {
    const tick = () => setNow(new Date(Date.now() + ahead));
    tick();
    const timer = setInterval(tick, 5_000);
    return () => clearInterval(timer);
  }, [ahead]);

  const choose = (chosen: Zone) => {
    store("zone", chosen);
    setZone(chosen);
  };
  return <Context value={{ zone, setZone: choose, now }}>{children}</Context>;
}

/** A time in the chosen zone; both zones where the pointer rests. */
export function Time({ at, long = false }: { at: string | null | undefined; long?: boolean }) {
  const { zone, now } = useClock();
  if (!at) return <span className="faint">–</span>;
  const date = new Date(at);
  const title = `${formatTime(date, "local")} ${offsetOf(date, "local")}\n${formatTime(date, "utc")} UTC`;
  return <time dateTime={at} title={title}>{long ? formatTime(date, zone) : formatShort(date, zone, now)}</time>;
}

/** How long ago, or in how long. */
export function Age({ at }: { at: string | null | undefined }) {
  const { now } = useClock();
  const texts = useTexts();
  if (!at) return <span className="faint">–</span>;
  const date = new Date(at);
  const seconds = (now.getTime() - date.getTime()) / 1000;
  const title = `${formatTime(date, "local")} ${offsetOf(date, "local")}\n${formatTime(date, "utc")} UTC`;
  return (
    <time dateTime={at} title={title}>
      {seconds >= 0 ? texts.time.ago(formatSpan(seconds, texts.time)) : texts.time.ahead(formatSpan(-seconds, texts.time))}
    </time>
  );
}

export function Span({ seconds }: { seconds: number | null | undefined }) {
  const texts = useTexts();
  return seconds === null || seconds === undefined ? <span className="faint">–</span> : <>{formatSpan(seconds, texts.time)}</>;
}
