import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { explain } from "../api/explain";
import type { Unreadable } from "../api/contract";
import { useTexts } from "../i18n/language";
import { Go } from "./address";
import { formatTime } from "../time/format";
import { useClock } from "../time/zone";
import { Mark, type Tone } from "./Mark";

/** Where nothing is to be shown, why, and what to do. */
export function Blank({ tone = "calm", title, children }: { tone?: Tone; title: string; children?: ReactNode }) {
  return (
    <div className="blank">
      <Mark tone={tone} />
      <p className="blank-title">{title}</p>
      {children && <div className="blank-text">{children}</div>}
    </div>
  );
}

/** As high as what comes, and only seen if that takes long. */
export function Loading({ rows = 8 }: { rows?: number }) {
  const texts = useTexts();
  return (
    <div className="loading" role="status">
      <span className="hidden">{texts.common.loading}</span>
      {Array.from({ length: rows }, (_, row) => <div key={row} className="loading-row" />)}
    </div>
  );
}

export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const texts = useTexts();
  const { common } = texts;
  const failure = error instanceof ApiError ? error : null;
  const [title, text] =
    failure?.isAway ? [common.awayTitle, common.awayText]
    : failure?.isSignedOut ? [common.signInTitle, explain(failure, texts)]
    : failure?.status === 403 ? [common.forbiddenTitle, failure.problem ? texts.server(failure.problem.detail) : common.forbiddenText]
    : failure?.status === 404 ? [common.goneTitle, texts.server(failure.message)]
    : [common.failedTitle, failure ? texts.server(failure.message) : String(error)];
  return (
    <div role="alert">
      <Blank tone={failure?.status === 404 ? "calm" : "bad"} title={title}>
        <p>{text}</p>
        {failure?.isSignedOut ? <button type="button" className="button" onClick={() => location.reload()}>{common.reload}</button>
          : again && <button type="button" className="button" onClick={again}>{common.retry}</button>}
      </Blank>
    </div>
  );
}

export function NotFound() {
  const { common } = useTexts();
  return (
    <Blank title={common.notFoundTitle}>
      <p>{common.notFoundText}</p>
      <Go to="/" className="button">{common.toOverview}</Go>
    </Blank>
  );
}

interface Readable<T> { data: T | undefined; dataUpdatedAt: number; error: unknown; isPending: boolean; refetch: () => unknown }

/** That what is shown could not be read again, and how old it is. */
function Old({ at, error }: { at: number; error: unknown }) {
  const texts = useTexts();
  const { zone } = useClock();
  return <p className="note bad" role="status"><Mark tone="bad" /><span>{texts.common.old(formatTime(new Date(at), zone))} <span className="faint">{explain(error, texts)}</span></span></p>;
}

/** What was read, or that it is being read, or why it could not be. What was read once stays while it cannot be read again, and is marked. */
export function Shown<T>({ read, rows, children }: { read: Readable<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (read.data !== undefined) return <>{read.error ? <Old at={read.dataUpdatedAt} error={read.error} /> : null}{children(read.data)}</>;
  if (read.error) return <Failed error={read.error} again={() => void read.refetch()} />;
  return <Loading {...(rows ? { rows } : {})} />;
}

export function UnreadableNotes({ unreadable }: { unreadable: Unreadable[] }) {
  const { shell, server } = useTexts();
  return unreadable.map(({ service, error }) => (
    <p key={service} className="note warn" role="status"><Mark tone="warn" />{shell.unreadable(service)} <span className="faint">{server(error)}</span></p>
  ));
}
