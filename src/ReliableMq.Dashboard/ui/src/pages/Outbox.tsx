import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "wouter";
import { act, gathered } from "../act/act";
import { BulkBar } from "../act/BulkBar";
import { keyOf, postAll, targetsMatching, targetsOf } from "../act/bulk";
import { DoButton } from "../act/DoButton";
import type { OutboxCounts, OutboxItem, OutboxState, Page } from "../api/contract";
import { useRead, useSession } from "../api/use";
import { useTexts } from "../i18n/language";
import { addCounts } from "../i18n/numbers";
import { Go, MessageLink, rowAddress, useQueryState } from "../parts/address";
import { Counted } from "../parts/Facts";
import { Filters, type Filter } from "../parts/Filters";
import { State, type Tone } from "../parts/Mark";
import { Pager } from "../parts/Pager";
import { useSelection } from "../parts/selection";
import { Blank, NotFound, Shown, UnreadableNotes } from "../parts/States";
import { type Column, Table } from "../parts/Table";
import { Tabs } from "../parts/Tabs";
import { Title } from "../parts/Title";
import { Age, Time } from "../time/zone";
import { type OutboxDeed, questionOf, outboxDeeds } from "./deeds";

export const outboxStates: OutboxState[] = ["pending", "scheduled", "retrying", "failed", "sent", "expired", "cancelled"];
export const outboxTones: Record<OutboxState, Tone> = {
  pending: "calm", scheduled: "calm", retrying: "warn", failed: "bad", sent: "good", expired: "warn", cancelled: "calm",
};
/** What the list of a state can be narrowed by: what has left, or waits for the first time, has no errors. */
export const filtersOf = (state: OutboxState) => [
  "messageId", "name", "destination", "orderingKey", "correlationId", ...(state === "failed" || state === "retrying" ? ["errorKind", "text"] : []), "from", "until",
];

/** Those of an address that a state has. What is not shown does not narrow either. */
export const filterOf = (state: OutboxState, query: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(filtersOf(state).filter((name) => query[name]).map((name) => [name, query[name]!]));


export function Outbox() {
  const { state = "pending" } = useParams<{ state?: string }>();
  return outboxStates.includes(state as OutboxState) ? <OutboxList state={state as OutboxState} /> : <NotFound />;
}

function OutboxList({ state }: { state: OutboxState }) {
  const texts = useTexts();
  const { fields, outbox: words } = texts;
  const queries = useQueryClient();
  const services = useSession().data?.services ?? [];
  const [query] = useQueryState();
  const service = query["service"];
  const filter = filterOf(state, query);
  const isFiltered = Object.keys(filter).length > 0;
  const read = useRead<Page<OutboxItem>>("outbox", { state, service, ...filter, cursor: query["cursor"] }, { areas: ["outbox"] });
  const counts = useRead<OutboxCounts>("outbox/counts", { service, ...filter }, { areas: ["outbox"] });
  const selection = useSelection(JSON.stringify([state, service, filter, query["cursor"]]));

  const all: Filter[] = [
    { name: "messageId", label: fields.messageId }, { name: "name", label: fields.name }, { name: "destination", label: fields.destination },
    { name: "orderingKey", label: fields.orderingKey }, { name: "correlationId", label: fields.correlationId },
    { name: "errorKind", label: fields.errorKind, choices: ["returned", "nacked", "timed out", "refused"].map((kind): [string, string] => [kind, kind]) }, { name: "text", label: fields.errorText },
    { name: "from", label: texts.time.from, kind: "time" }, { name: "until", label: texts.time.until, kind: "time" },
  ];
  const filters = all.filter(({ name }) => filtersOf(state).includes(name));

  const doAll = async (deed: OutboxDeed) => {
    const named = { state, ...filter };
    const targets = await gathered(texts, selection.isAll
      ? targetsMatching(service ? [service] : services.map((one) => one.name), named, "outbox")
      : Promise.resolve(targetsOf(selection.keys)));
    if (!targets) return;
    const facts: [string, string][] = [
      [fields.service, targets.map((target) => target.service).join(", ")], [fields.state, texts.outboxStates[state]],
      ...filters.filter((one) => filter[one.name]).map((one): [string, string] => [one.label, filter[one.name]!]),
    ];
    const done = await act(queries, texts, questionOf(deed, addCounts(targets.map((target) => target.count)), facts, texts), (answer) =>
      postAll(`outbox/${deed}`, targets, answer["reason"] ? { reason: answer["reason"] } : {}));
    if (done) selection.clear();
  };

  return (
    <>
      <Title about={words.about[state]}>{texts.pages.outbox}</Title>
      <Tabs
        label={fields.state}
        tabs={outboxStates.map((each) => ({
          to: `/outbox/${each}`, query: filterOf(each, query), name: texts.outboxStates[each], isCurrent: each === state,
          count: counts.data && <Counted count={counts.data[each]} />,
          tone: counts.data && counts.data[each].value > 0 && (each === "failed" ? "bad" : each === "retrying" ? "warn" : undefined) || undefined,
        }))}
      />
      <Filters filters={filters} />
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? (
              <div className="framed"><Blank tone={page.next || isFiltered ? "calm" : "good"} title={page.next ? texts.common.notYet : isFiltered ? words.noMatch : words.empty[state]}>{page.next && texts.common.notYetText}</Blank></div>
            ) : (
              <Table
                label={`${texts.pages.outbox}: ${texts.outboxStates[state]}`} rows={page.items} keyOf={keyOf} isOld={read.isPlaceholderData}
                selection={outboxDeeds[state].length > 0 ? selection : undefined} nameOf={(row) => row.messageId} columns={columnsOf(state, texts)}
              />
            )}
            <Pager next={page.next} shown={page.items.length} />
          </>
        )}
      </Shown>
      <BulkBar selection={selection} matching={counts.data?.[state]} canBeAll={!query["cursor"]}>
        {outboxDeeds[state].map((deed) => (
          <DoButton key={deed} tone={deed === "delete" || deed === "cancel" ? "danger" : "primary"} onDo={() => doAll(deed)}>{questionOf(deed, 0, [], texts).name}</DoButton>
        ))}
      </BulkBar>
    </>
  );
}

function columnsOf(state: OutboxState, { fields, outbox: words }: ReturnType<typeof useTexts>): Column<OutboxItem>[] {
  const columns: Column<OutboxItem>[] = [
    {
      name: fields.name, phone: "first",
      cell: (row) => <State tone={outboxTones[row.state]}><Go to={rowAddress("outbox", row.service, row.id)}>{row.name}</Go></State>,
    },
    { name: fields.messageId, cell: (row) => <MessageLink id={row.messageId} /> },
    { name: fields.service, phone: "off", cell: (row) => row.service },
  ];
  const withError = state === "failed" || state === "retrying";
  columns.push({
    name: fields.destination, kind: withError ? undefined : "wide",
    cell: (row) => <span className="clip">{row.exchange ? row.exchange : <>{row.routingKey} <span className="faint">({words.backToQueue})</span></>}</span>,
  });
  if (withError) {
    columns.push(
      { name: fields.error, kind: "wide", cell: (row) => <span className="clip" title={row.error ?? ""}>{row.errorKind && <strong>{row.errorKind}: </strong>}{row.error}</span> },
      { name: fields.attempts, kind: "num", cell: (row) => row.attempts },
    );
  }
  if (state === "scheduled") columns.push({ name: fields.due, cell: (row) => <Age at={row.dueAt ?? row.nextAttemptAt} /> });
  if (state === "retrying") columns.push({ name: fields.next, cell: (row) => <Age at={row.nextAttemptAt} /> });
  columns.push({ name: fields.created, kind: "num", cell: (row) => <Time at={row.createdAt} /> });
  if (state === "sent" || state === "expired" || state === "cancelled") columns.push({ name: fields.finished, kind: "num", cell: (row) => <Time at={row.finishedAt} /> });
  else if (!withError) columns.push({ name: fields.orderingKey, phone: "off", cell: (row) => row.orderingKey ?? <span className="faint">–</span> });
  return columns;
}
