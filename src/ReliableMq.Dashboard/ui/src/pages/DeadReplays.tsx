import { useQueryClient } from "@tanstack/react-query";
import { act } from "../act/act";
import { keyOf, postAll, targetsOf } from "../act/bulk";
import { DoButton } from "../act/DoButton";
import type { Page, ReplayItem } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { formatNumber } from "../i18n/numbers";
import { useQueryState } from "../parts/address";
import { State } from "../parts/Mark";
import { Pager } from "../parts/Pager";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Time } from "../time/zone";

export function DeadReplays() {
  const texts = useTexts();
  const { fields, dead, common } = texts;
  const queries = useQueryClient();
  const [query] = useQueryState();
  const service = query["service"];
  const read = useRead<Page<ReplayItem>>("replays", { service, cursor: query["cursor"] }, { areas: ["dead-letters", "outbox"] });
  const stop = (row: ReplayItem) =>
    act(queries, texts, { title: `${dead.stop}?`, text: dead.sentOf(row.replayed), facts: [[fields.service, row.service], [fields.who, row.who]], confirm: dead.stop, isDangerous: true }, () => postAll("replays/cancel", targetsOf([keyOf(row)])));
  return (
    <Shown read={read}>
      {(page) => (
        <>
          <UnreadableNotes unreadable={page.unreadable} />
          {page.items.length === 0 ? <div className="framed"><Blank title={dead.replaysEmpty} /></div> : (
            <Table
              label={dead.replays} rows={page.items} keyOf={keyOf}
              columns={[
                { name: fields.at, phone: "first", cell: (row) => <Time at={row.requestedAt} /> },
                { name: fields.who, cell: (row) => row.who },
                { name: fields.service, cell: (row) => row.service },
                { name: fields.state, cell: (row) => <State tone={row.isCancelled ? "calm" : row.finishedAt ? "good" : "info"}>{row.isCancelled ? dead.stopped : row.finishedAt ? dead.finished : dead.running}</State> },
                { name: dead.sent, kind: "num", cell: (row) => formatNumber(row.replayed) },
                { name: dead.refused, kind: "num", cell: (row) => <span className={row.refused > 0 ? "warn-text" : ""}>{formatNumber(row.refused)}</span> },
                { name: fields.reason, kind: "wide", cell: (row) => <span className="clip" title={row.refusal ?? ""}>{row.refusal ?? (row.finishedAt ? common.none : "")}</span> },
                { name: dead.finished, kind: "num", cell: (row) => <Time at={row.finishedAt} /> },
                { name: "", cell: (row) => !row.finishedAt && !row.isCancelled && <DoButton onDo={() => stop(row)}>{dead.stop}</DoButton> },
              ]}
            />
          )}
          <Pager next={page.next} shown={page.items.length} />
        </>
      )}
    </Shown>
  );
}
