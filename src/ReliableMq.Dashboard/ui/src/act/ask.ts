import type { ReactNode } from "react";

export type Answer = Record<string, string | boolean>;

export interface Field {
  name: string; label: string; kind: "text" | "number" | "check";
  hint?: string; isRequired?: boolean; initial?: string | boolean; least?: number; most?: number; placeholder?: string;
}

export interface Question {
  title: string;
  text: ReactNode;
  facts?: [string, ReactNode][];
  fields?: Field[];
  /** What the button says: the deed and how many. */
  confirm: string;
  isDangerous?: boolean;
}

type Asker = (question: Question) => Promise<Answer | null>;

let asker: Asker | null = null;

export const setAsker = (next: Asker | null) => {
  asker = next;
};

/** Null: the operator thought better of it. */
export const ask: Asker = (question) => (asker ? asker(question) : Promise.resolve(null));
