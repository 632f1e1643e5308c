import type { Page, ScheduleItem } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { formatMilliseconds } from "../i18n/numbers";
import { useService } from "../parts/address";
import { State, type Tone } from "../parts/Mark";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Title } from "../parts/Title";
import { Age, Span } from "../time/zone";

const tones: Record<ScheduleItem["outcome"], Tone> = { running: "info", done: "good", failed: "bad", stopped: "calm" };

export function Schedule() {
  const { pages, schedule: words, fields, workOutcomes } = useTexts();
  const service = useService();
  const read = useRead<Page<ScheduleItem>>("schedule", { service }, { areas: ["schedule"] });
  return (
    <>
      <Title>{pages.schedule}</Title>
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? <div className="framed"><Blank title={words.empty} /></div> : (
              <Table
                label={pages.schedule} rows={page.items} keyOf={(row) => `${row.service}\n${row.name}\n${row.host}`}
                columns={[
                  { name: words.work, phone: "first", cell: (row) => <State tone={tones[row.outcome]}>{row.name}</State> },
                  { name: fields.service, cell: (row) => row.service },
                  { name: fields.outcome, kind: "wide", cell: (row) => <span className="clip" title={row.error ?? ""}>{workOutcomes[row.outcome]}{row.failures > 1 && ` (${words.failures(row.failures)})`}{row.error && <span className="faint">: {row.error}</span>}</span> },
                  { name: fields.every, kind: "num", cell: (row) => <Span seconds={row.everySeconds} /> },
                  { name: fields.lastRun, kind: "num", cell: (row) => <Age at={row.lastStartedAt} /> },
                  { name: fields.took, kind: "num", cell: (row) => (row.durationSeconds === null ? "–" : formatMilliseconds(row.durationSeconds * 1000)) },
                  { name: fields.nextRun, kind: "num", cell: (row) => <Age at={row.nextAt} /> },
                  { name: fields.host, phone: "off", cell: (row) => <span className="faint">{row.host}</span> },
                ]}
              />
            )}
          </>
        )}
      </Shown>
    </>
  );
}
