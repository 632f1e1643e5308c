import { gathered } from "../act/act";
import { BulkBar } from "../act/BulkBar";
import { keyOf, targetsMatching, targetsOf } from "../act/bulk";
import { DoButton } from "../act/DoButton";
import { address } from "../api/client";
import type { Count, DeadLetterItem, DeadLetterWhat, Page } from "../api/contract";
import { useRead, useSession } from "../api/use";
import { useTexts } from "../i18n/language";
import { Go, MessageLink, rowAddress, useQueryState } from "../parts/address";
import { Counted } from "../parts/Facts";
import { Filters } from "../parts/Filters";
import { Icon } from "../parts/Icon";
import { State, type Tone } from "../parts/Mark";
import { Pager } from "../parts/Pager";
import { useSelection } from "../parts/selection";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Time } from "../time/zone";
import { useDeadDeeds } from "./deadDeeds";
import { useDeadFilters } from "./DeadLetters";
import { messageOf, shortType } from "./exceptions";

export const deadTones: Record<DeadLetterWhat, Tone> = { waiting: "bad", replayed: "good", discarded: "calm" };

export function DeadList() {
  const texts = useTexts();
  const { fields, dead } = texts;
  const session = useSession().data;
  const [query] = useQueryState();
  const { filters, filter, service } = useDeadFilters();
  const read = useRead<Page<DeadLetterItem>>("dead-letters", { service, ...filter, cursor: query["cursor"] }, { areas: ["dead-letters"] });
  const count = useRead<Count>("dead-letters/count", { service, ...filter }, { areas: ["dead-letters"] });
  const selection = useSelection(JSON.stringify([service, filter, query["cursor"]]));
  const deeds = useDeadDeeds();
  // A file is of one service.
  const exported = service ? [service] : (session?.services ?? []).map((one) => one.name);
  const state = (filter["state"] ?? "waiting") as DeadLetterWhat;

  const chosen = async () => selection.isAll
    ? targetsMatching(service ? [service] : (session?.services ?? []).map((one) => one.name), filter, "dead-letters")
    : targetsOf(selection.keys);
  const run = async (deed: "replay" | "discard") => {
    const targets = await gathered(texts, chosen());
    if (!targets) return;
    const facts: [string, string][] = [
      [fields.service, targets.map((target) => target.service).join(", ")],
      ...(selection.isAll ? filters.filter((one) => filter[one.name]).map((one): [string, string] => [one.label, filter[one.name]!]) : []),
    ];
    if (await deeds[deed](targets, facts)) selection.clear();
  };

  return (
    <>
      <Filters filters={filters} />
      <div className="section-head">
        <span className="faint">{count.data && <><Counted count={count.data} /> {texts.deadStates[state].toLowerCase()}</>}</span>
        {session?.canSeeBodies && count.data && count.data.value > 0 && (
          <span className="row-actions">
            {exported.map((one) => <a key={one} href={address("dead-letters/export", { ...filter, service: one })} download><Icon name="download" /> {dead.export}{exported.length > 1 && ` ${one}`}</a>)}
          </span>
        )}
      </div>
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? (
              <div className="framed"><Blank tone={page.next || Object.keys(filter).length > 0 ? "calm" : "good"} title={page.next ? texts.common.notYet : Object.keys(filter).length > 0 ? dead.noMatch : dead.empty}>{page.next && texts.common.notYetText}</Blank></div>
            ) : (
              <Table
                label={texts.pages.deadLetters} rows={page.items} keyOf={keyOf} isOld={read.isPlaceholderData} selection={state === "replayed" ? undefined : selection} nameOf={(row) => row.messageId}
                columns={[
                  { name: fields.name, phone: "first", cell: (row) => <State tone={deadTones[row.state]}><Go to={rowAddress("dead-letters", row.service, row.id)}>{row.name}</Go></State> },
                  { name: fields.error, kind: "wide", cell: (row) => <span className="clip" title={row.error ?? row.reason}>{row.errorType && <strong>{shortType(row.errorType)}: </strong>}{messageOf(row.error, row.errorType) ?? row.reason}</span> },
                  { name: fields.queue, cell: (row) => row.queue },
                  { name: fields.messageId, cell: (row) => <MessageLink id={row.messageId} /> },
                  { name: fields.attempts, kind: "num", phone: "off", cell: (row) => row.attempts },
                  { name: fields.died, kind: "num", cell: (row) => <Time at={row.deadAt} /> },
                ]}
              />
            )}
            <Pager next={page.next} shown={page.items.length} />
          </>
        )}
      </Shown>
      <BulkBar selection={selection} matching={count.data} canBeAll={!query["cursor"]}>
        <DoButton tone="primary" onDo={() => run("replay")}>{dead.replay}</DoButton>
        {state === "waiting" && <DoButton onDo={() => run("discard")}>{dead.discard}</DoButton>}
      </BulkBar>
    </>
  );
}
