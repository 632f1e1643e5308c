export type Tone = "good" | "warn" | "bad" | "calm" | "info";

const shapes: Record<Tone, React.ReactNode> = {
  good: <circle cx="5" cy="5" r="4.2" />,
  warn: <path d="M5 .8L9.6 9H.4z" />,
  bad: <rect x=".9" y=".9" width="8.2" height="8.2" rx="1" />,
  calm: <circle cx="5" cy="5" r="3.4" className="hollow" />,
  info: <path d="M5 .6L9.4 5 5 9.4.6 5z" />,
};

/** A state by shape and colour, so that nobody needs the colour. */
export function Mark({ tone }: { tone: Tone }) {
  return <svg className={`mark ${tone}`} viewBox="0 0 10 10" aria-hidden="true">{shapes[tone]}</svg>;
}

export function State({ tone, children }: { tone: Tone; children: React.ReactNode }) {
  return <span className="state"><Mark tone={tone} />{children}</span>;
}
