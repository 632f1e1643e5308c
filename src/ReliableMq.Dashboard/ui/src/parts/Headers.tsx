import { useTexts } from "../i18n/language";
import { Table } from "./Table";

export function Headers({ headers }: { headers: Record<string, string> }) {
  const { fields } = useTexts();
  const rows = Object.entries(headers);
  if (rows.length === 0) return null;
  return (
    <section className="section" aria-label={fields.headers}>
      <div className="section-head"><h2>{fields.headers}</h2></div>
      <Table
        label={fields.headers} rows={rows} keyOf={([name]) => name}
        columns={[
          { name: fields.header, cell: ([name]) => <span className="mono">{name}</span> },
          { name: fields.value, kind: "wide", cell: ([, value]) => <span className="mono wraps">{value}</span> },
        ]}
      />
    </section>
  );
}
