import type { CausedMessage, MessageStory, Reference, StoryEntry, StoryKind } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { Go, MessageLink, rowAddress, useQueryState } from "../parts/address";
import { Facts, Id } from "../parts/Facts";
import { Mark, State, type Tone } from "../parts/Mark";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Title } from "../parts/Title";
import { Time, useClock } from "../time/zone";
import { formatTime, offsetOf } from "../time/format";
import { formatLater } from "./later";
import { outboxTones } from "./Outbox";
import "../styles/detail.css";

const tones: Record<StoryKind, Tone> = {
  stored: "calm", due: "calm", "send-failed": "warn", sent: "info", expired: "bad", cancelled: "calm", "attempt-failed": "warn", "retry-scheduled": "calm",
  parked: "warn", "dead-lettered": "bad", discarded: "calm", replayed: "info", handled: "good", changed: "info",
};

/** The whole life of one message. */
export function Message() {
  const { message: words, pages, fields, search } = useTexts();
  const [query] = useQueryState();
  const id = query["id"] ?? "";
  const read = useRead<MessageStory>("messages", { id }, { areas: ["outbox", "inbox", "dead-letters"], isNeeded: id !== "", isSameThing: false });
  const last = read.data?.entries.at(-1);
  if (!id) return <Blank title={search.start}>{search.startText}</Blank>;
  return (
    <>
      <Title tab={pages.message} about={<><Id value={id} />{last && <> · <State tone={tones[last.kind]}>{words.kinds[last.kind]}{last.queue && ` · ${last.queue}`}</State></>}</>}>{read.data?.name ?? pages.message}</Title>
      <Shown read={read}>
        {(story) => (
          <>
            <UnreadableNotes unreadable={story.unreadable} />
            {story.entries.length === 0 && story.caused.length === 0 ? <div className="framed"><Blank title={words.notFound}>{words.notFoundText}</Blank></div> : (
              <>
                {(story.correlationId || story.causedBy) && (
                  <Facts
                    facts={[
                      [fields.correlationId, story.correlationId && <Go to="/search" query={{ q: story.correlationId }} className="mono">{story.correlationId}</Go>],
                      [fields.causedBy, story.causedBy && <MessageLink id={story.causedBy} />],
                    ]}
                  />
                )}
                <section className="section" aria-labelledby="timeline">
                  <div className="section-head"><h2 id="timeline">{words.timeline}</h2><Zone /></div>
                  <Timeline entries={story.entries} />
                </section>
                <Caused caused={story.caused} />
              </>
            )}
          </>
        )}
      </Shown>
    </>
  );
}

function Zone() {
  const { zone, now } = useClock();
  return <span className="faint">{offsetOf(now, zone)}</span>;
}

function Timeline({ entries }: { entries: StoryEntry[] }) {
  const { message: words } = useTexts();
  const { zone } = useClock();
  return (
    <ol className="timeline framed">
      {entries.map((entry, index) => (
        <li key={index}>
          <span className="when num">
            <time dateTime={entry.at} title={`${formatTime(entry.at, "utc")} UTC`}>{formatTime(entry.at, zone)}</time>
            {index > 0 && <span className="later">{words.later(formatLater(Date.parse(entry.at) - Date.parse(entries[index - 1]!.at)))}</span>}
          </span>
          <span className="dot"><Mark tone={tones[entry.kind]} /></span>
          <span className="what">
            <span><strong>{words.kinds[entry.kind]}</strong> <span className="faint">{entry.service}{entry.queue && ` · ${entry.queue}`}</span> {entry.row && <RowLink row={entry.row} />}</span>
            <span className="text">{words.entry(entry)}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}

function RowLink({ row }: { row: Reference }) {
  const { message: words } = useTexts();
  if (row.resource === "outbox" || row.resource === "dead-letters") return <Go to={rowAddress(row.resource, row.service, row.id)}>{words.openRow[row.resource]}</Go>;
  return null;
}

function Caused({ caused }: { caused: CausedMessage[] }) {
  const { message: words, fields, outboxStates } = useTexts();
  return (
    <section className="section" aria-labelledby="caused">
      <div className="section-head"><h2 id="caused">{words.caused}</h2></div>
      {caused.length === 0 ? <p className="faint">{words.causedNone}</p> : (
        <Table
          label={words.caused} rows={caused} keyOf={(row) => `${row.service}\n${row.messageId}`}
          columns={[
            { name: fields.name, kind: "wide", phone: "first", cell: (row) => <MessageLink id={row.messageId}>{row.name}</MessageLink> },
            { name: fields.messageId, phone: "off", cell: (row) => <MessageLink id={row.messageId} /> },
            { name: fields.service, cell: (row) => row.service },
            { name: fields.state, cell: (row) => <State tone={outboxTones[row.state]}>{outboxStates[row.state]}</State> },
            { name: fields.created, kind: "num", cell: (row) => <Time at={row.createdAt} /> },
          ]}
        />
      )}
    </section>
  );
}
