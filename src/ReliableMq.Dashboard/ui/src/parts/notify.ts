import type { Tone } from "./Mark";

export interface Notice { tone: Tone; title: string; text: string | undefined }

let tell: ((notice: Notice) => void) | null = null;

export const setTeller = (next: ((notice: Notice) => void) | null) => {
  tell = next;
};

/** Says how an action ended. */
export const notify = (tone: Tone, title: string, text?: string) => tell?.({ tone, title, text });
