import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "wouter";
import { act, gathered } from "../act/act";
import { BulkBar } from "../act/BulkBar";
import { keyOf, postAll, targetsMatching, targetsOf } from "../act/bulk";
import { DoButton } from "../act/DoButton";
import { post } from "../api/client";
import type { ActionResult, GoOnRequest, InboxCounts, InboxItem, InboxState, Page, ParkedItem } from "../api/contract";
import { useRead, useSession } from "../api/use";
import { useTexts } from "../i18n/language";
import { addCounts } from "../i18n/numbers";
import { MessageLink, useQueryState } from "../parts/address";
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
import { questionOf } from "./deeds";
import { messageOf, shortType } from "./exceptions";

const states: InboxState[] = ["failing", "scheduled", "handling", "done"];
const tones: Record<InboxState, Tone> = { failing: "warn", scheduled: "warn", handling: "info", done: "good" };

export function Inbox() {
  const { state = "failing" } = useParams<{ state?: string }>();
  if (state === "parked") return <><InboxHead state="parked" /><Parked /></>;
  return states.includes(state as InboxState) ? <><InboxHead state={state as InboxState} /><InboxList state={state as InboxState} /></> : <NotFound />;
}

function InboxHead({ state }: { state: InboxState | "parked" }) {
  const { fields, inbox: words, inboxStates, pages } = useTexts();
  const [query] = useQueryState();
  const counts = useRead<InboxCounts>("inbox/counts", { service: query["service"], queue: query["queue"] }, { areas: ["inbox"] }).data;
  return (
    <>
      <Title about={words.about[state]}>{pages.inbox}</Title>
      <Tabs
        label={fields.state}
        tabs={[
          ...states.map((each) => ({
            to: `/inbox/${each}`, query: { queue: query["queue"] }, name: inboxStates[each], isCurrent: each === state, count: counts && <Counted count={counts[each]} />,
            tone: counts && each === "failing" && counts.failing.value > 0 ? ("warn" as const) : undefined,
          })),
          { to: "/inbox/parked", query: { queue: query["queue"] }, name: words.parked, isCurrent: state === "parked" },
        ]}
      />
    </>
  );
}

function InboxList({ state }: { state: InboxState }) {
  const texts = useTexts();
  const { fields, inbox: words } = texts;
  const queries = useQueryClient();
  const services = useSession().data?.services ?? [];
  const [query] = useQueryState();
  const service = query["service"];
  const filters: Filter[] = [
    { name: "queue", label: fields.queue }, { name: "messageId", label: fields.messageId },
    ...(state === "failing" || state === "scheduled"
      ? [{ name: "orderingKey", label: fields.orderingKey }, { name: "errorType", label: fields.errorType }, { name: "text", label: fields.errorText }]
      : []),
    ...(state === "handling" ? [] : [{ name: "from", label: texts.time.from, kind: "time" as const }, { name: "until", label: texts.time.until, kind: "time" as const }]),
  ];
  const filter = Object.fromEntries(filters.filter((one) => query[one.name]).map((one) => [one.name, query[one.name]!]));
  const read = useRead<Page<InboxItem>>("inbox", { state, service, ...filter, cursor: query["cursor"] }, { areas: ["inbox"] });
  const counts = useRead<InboxCounts>("inbox/counts", { service, queue: query["queue"] }, { areas: ["inbox"] }).data;
  const selection = useSelection(JSON.stringify([state, service, filter, query["cursor"]]));
  const isFiltered = Object.keys(filter).length > 0;
  // Counts know the queue only; with other filters nobody could be told how many are meant.
  const isCounted = Object.keys(filter).every((name) => name === "queue");

  const retry = async () => {
    const targets = await gathered(texts, selection.isAll
      ? targetsMatching(service ? [service] : services.map((one) => one.name), { state, ...filter }, "inbox")
      : Promise.resolve(targetsOf(selection.keys)));
    if (!targets) return;
    const facts: [string, string][] = [[fields.service, targets.map((target) => target.service).join(", ")], ...filters.filter((one) => filter[one.name]).map((one): [string, string] => [one.label, filter[one.name]!])];
    if (await act(queries, texts, questionOf("retry-now", addCounts(targets.map((target) => target.count)), facts, texts), () => postAll("inbox/retry-now", targets))) selection.clear();
  };

  const failing: Column<InboxItem>[] = [
    { name: fields.error, kind: "wide", cell: (row) => <span className="clip" title={row.error ?? ""}>{row.errorType && <strong>{shortType(row.errorType)}: </strong>}{messageOf(row.error, row.errorType)}</span> },
    { name: fields.attempts, kind: "num", cell: (row) => row.attempts },
    { name: fields.next, cell: (row) => <Age at={row.nextAttemptAt} /> },
    { name: fields.failedAt, kind: "num", cell: (row) => <Time at={row.lastFailedAt} /> },
  ];
  return (
    <>
      <Filters key={state} filters={filters} />
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? (
              <div className="framed"><Blank tone={isFiltered || state === "done" || state === "handling" ? "calm" : "good"} title={isFiltered ? texts.outbox.noMatch : words.empty[state]} /></div>
            ) : (
              <Table
                label={`${texts.pages.inbox}: ${texts.inboxStates[state]}`} rows={page.items} keyOf={keyOf} isOld={read.isPlaceholderData}
                selection={state === "scheduled" ? selection : undefined} nameOf={(row) => row.messageId}
                columns={[
                  { name: fields.messageId, phone: "first", cell: (row) => <State tone={tones[row.state]}><MessageLink id={row.messageId} /></State> },
                  { name: fields.queue, kind: state === "done" || state === "handling" ? "wide" : undefined, cell: (row) => row.queue },
                  { name: fields.service, phone: "off", cell: (row) => row.service },
                  ...(state === "failing" || state === "scheduled" ? failing : []),
                  ...(state === "done" ? [{ name: fields.handledAt, kind: "num" as const, cell: (row: InboxItem) => <Time at={row.handledAt} /> }] : []),
                ]}
              />
            )}
            <Pager next={page.next} shown={page.items.length} />
          </>
        )}
      </Shown>
      <BulkBar selection={selection} matching={isCounted ? counts?.[state] : undefined} canBeAll={!query["cursor"]}>
        <DoButton tone="primary" onDo={() => retry()}>{words.retryNow}</DoButton>
      </BulkBar>
    </>
  );
}

function Parked() {
  const texts = useTexts();
  const { fields, inbox: words } = texts;
  const queries = useQueryClient();
  const [query] = useQueryState();
  const filters: Filter[] = [{ name: "queue", label: fields.queue }, { name: "orderingKey", label: fields.orderingKey }];
  const filter = { queue: query["queue"], orderingKey: query["orderingKey"] };
  const read = useRead<Page<ParkedItem>>("parked", { service: query["service"], ...filter, cursor: query["cursor"] }, { areas: ["inbox"] });

  const goOn = (row: ParkedItem) => {
    const request: GoOnRequest = { service: row.service, queue: row.queue, orderingKey: row.orderingKey };
    const facts: [string, string][] = [[fields.orderingKey, row.orderingKey], [fields.queue, row.queue], [fields.service, row.service], ...(row.waitsFor ? [[fields.waitsFor, row.waitsFor] as [string, string]] : [])];
    return act(queries, texts, { title: words.goOnTitle(row.orderingKey), text: words.goOnText(row.queue), facts, confirm: words.goOn, isDangerous: true }, () => post<ActionResult>("parked/go-on", request));
  };

  return (
    <>
      <Filters filters={filters} />
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? <div className="framed"><Blank tone="good" title={filter.queue || filter.orderingKey ? texts.outbox.noMatch : words.empty.parked} /></div> : (
              <Table
                label={words.parked} rows={page.items} keyOf={keyOf} isOld={read.isPlaceholderData}
                columns={[
                  { name: fields.orderingKey, phone: "first", cell: (row) => <span className="mono">{row.orderingKey}</span> },
                  { name: fields.messageId, cell: (row) => <MessageLink id={row.messageId} /> },
                  { name: fields.name, cell: (row) => row.name },
                  { name: fields.queue, kind: "wide", cell: (row) => <span className="clip">{row.queue}</span> },
                  { name: fields.waitsFor, cell: (row) => row.waitsFor ? <MessageLink id={row.waitsFor} /> : <span className="faint">–</span> },
                  { name: fields.parked, kind: "num", cell: (row) => <Age at={row.parkedAt} /> },
                  // Once for each key: it lets all of them go on.
                  { name: "", cell: (row) => page.items.find((one) => one.service === row.service && one.queue === row.queue && one.orderingKey === row.orderingKey) === row && <DoButton onDo={() => goOn(row)}>{words.goOn}</DoButton> },
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
