import type { NodeItem, Page } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { useService } from "../parts/address";
import { State } from "../parts/Mark";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Title } from "../parts/Title";
import { Span, Time, useClock } from "../time/zone";

export function Nodes() {
  const { pages, nodes: words, fields } = useTexts();
  const service = useService();
  const { now } = useClock();
  const read = useRead<Page<NodeItem>>("nodes", { service }, { areas: ["nodes"] });
  return (
    <>
      <Title>{pages.nodes}</Title>
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? <div className="framed"><Blank title={words.empty} /></div> : (
              <Table
                label={pages.nodes} rows={page.items} keyOf={(row) => `${row.service}\n${row.id}`}
                columns={[
                  { name: fields.host, phone: "first", cell: (row) => <State tone={row.isAlive ? "good" : "warn"}>{row.host}</State> },
                  { name: fields.state, cell: (row) => (row.isAlive ? words.alive : <span className="warn-text">{words.silent}</span>) },
                  { name: fields.service, kind: "wide", cell: (row) => row.service },
                  { name: words.age, kind: "num", cell: (row) => <Span seconds={row.heartbeatAgeSeconds} /> },
                  { name: words.up, kind: "num", cell: (row) => <Span seconds={(now.getTime() - Date.parse(row.startedAt)) / 1000} /> },
                  { name: fields.started, kind: "num", cell: (row) => <Time at={row.startedAt} long /> },
                  { name: fields.id, phone: "off", cell: (row) => <span className="mono faint">{row.id.slice(0, 8)}</span> },
                ]}
              />
            )}
          </>
        )}
      </Shown>
    </>
  );
}
