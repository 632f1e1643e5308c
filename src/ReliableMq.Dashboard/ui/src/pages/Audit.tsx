import type { AuditItem, Page } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { useQueryState } from "../parts/address";
import { Filters, type Filter } from "../parts/Filters";
import { Pager } from "../parts/Pager";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Title } from "../parts/Title";
import { Time } from "../time/zone";

export function Audit() {
  const { pages, audit: words, fields, time } = useTexts();
  const [query] = useQueryState();
  const filters: Filter[] = [{ name: "who", label: fields.who }, { name: "action", label: fields.action }, { name: "from", label: time.from, kind: "time" }, { name: "until", label: time.until, kind: "time" }];
  const filter = Object.fromEntries(filters.filter((one) => query[one.name]).map((one) => [one.name, query[one.name]!]));
  const read = useRead<Page<AuditItem>>("audit", { service: query["service"], ...filter, cursor: query["cursor"] }, { areas: ["dead-letters", "outbox", "inbox", "queues"] });
  return (
    <>
      <Title>{pages.audit}</Title>
      <Filters filters={filters} />
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? <div className="framed"><Blank title={Object.keys(filter).length > 0 ? words.noMatch : words.empty} /></div> : (
              <Table
                label={pages.audit} rows={page.items} keyOf={(row) => `${row.service}\n${row.id}`} isOld={read.isPlaceholderData}
                columns={[
                  { name: fields.at, cell: (row) => <span className="num"><Time at={row.at} long /></span> },
                  { name: fields.who, phone: "first", cell: (row) => row.who },
                  { name: fields.action, cell: (row) => <span className="mono">{row.action}</span> },
                  { name: fields.service, cell: (row) => row.service },
                  { name: fields.target, kind: "wide", cell: (row) => <span className="two-lines"><span className="clip" title={row.target}>{row.target}</span>{row.details && <span title={row.details}>{row.details}</span>}</span> },
                ]}
              />
            )}
            <Pager next={page.next} shown={page.items.length} />
          </>
        )}
      </Shown>
    </>
  );
}
