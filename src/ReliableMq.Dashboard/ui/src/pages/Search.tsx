import { useEffect } from "react";
import { useLocation } from "wouter";
import type { Page, SearchHit } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { Go, MessageLink, rowAddress, useQueryState, withQuery } from "../parts/address";
import { Filters, type Filter } from "../parts/Filters";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Title } from "../parts/Title";
import { Time } from "../time/zone";

export function Search() {
  const { search: words, pages, fields, time, outboxStates, inboxStates, deadStates } = useTexts();
  const [query] = useQueryState();
  const [, go] = useLocation();
  const q = query["q"] ?? "";
  const read = useRead<Page<SearchHit>>("search", { q, service: query["service"], from: query["from"], until: query["until"] }, { areas: ["outbox", "inbox", "dead-letters"], isNeeded: q !== "", isSameThing: false });
  const filters: Filter[] = [{ name: "from", label: time.from, kind: "time" }, { name: "until", label: time.until, kind: "time" }];

  // Whoever gives a message's id means that message.
  const hits = read.data?.items ?? [];
  const only = hits.length > 0 && hits.every((hit) => hit.matched === "messageId" && hit.messageId === q) ? q : null;
  useEffect(() => {
    if (only) go(withQuery("/message", { service: query["service"], id: only }), { replace: true });
  }, [only]);

  const stateOf = (hit: SearchHit) => {
    const names: Record<string, string> = hit.row.resource === "outbox" ? outboxStates : hit.row.resource === "dead-letters" ? deadStates : inboxStates;
    return names[hit.state] ?? hit.state;
  };
  if (!q) return <><Title>{pages.search}</Title><div className="framed"><Blank title={words.start}>{words.startText}</Blank></div></>;
  return (
    <>
      <Title tab={words.title(q)}>{words.title(q)}</Title>
      <Filters filters={filters} />
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? <div className="framed"><Blank title={words.empty}>{words.emptyText}</Blank></div> : (
              <Table
                label={pages.search} rows={page.items} keyOf={(hit) => `${hit.row.resource}\n${hit.row.service}\n${hit.row.id}`}
                columns={[
                  { name: fields.name, phone: "first", cell: (hit) => <MessageLink id={hit.messageId}>{hit.name ?? hit.messageId}</MessageLink> },
                  { name: fields.messageId, cell: (hit) => <MessageLink id={hit.messageId} /> },
                  {
                    name: fields.state,
                    cell: (hit) => {
                      const text = `${words.resources[hit.row.resource]}: ${stateOf(hit)}`;
                      return hit.row.resource === "outbox" || hit.row.resource === "dead-letters" ? <Go to={rowAddress(hit.row.resource, hit.row.service, hit.row.id)}>{text}</Go> : text;
                    },
                  },
                  { name: fields.service, phone: "off", cell: (hit) => hit.row.service },
                  { name: words.matched, kind: "wide", cell: (hit) => <span className="clip" title={hit.excerpt ?? ""}>{words.fields[hit.matched] ?? hit.matched}{hit.excerpt && <span className="faint">: {hit.excerpt}</span>}</span> },
                  { name: fields.at, kind: "num", cell: (hit) => <Time at={hit.at} /> },
                ]}
              />
            )}
          </>
        )}
      </Shown>
    </>
  );
}
