import { lazy, Suspense, useEffect, useState } from "react";
import { type Answer, type Question, setAsker } from "./ask";

const Ask = lazy(async () => ({ default: (await import("./Ask")).Ask }));

interface Asked { question: Question; number: number; answer: (answer: Answer | null) => void }

export function AskHost() {
  const [asked, setAsked] = useState<Asked | null>(null);
  useEffect(() => {
    let number = 0;
    setAsker((question) => new Promise((resolve) => {
      setAsked({ question, number: ++number, answer: (answer) => { setAsked(null); resolve(answer); } });
    }));
    return () => setAsker(null);
  }, []);
  return asked && <Suspense fallback={null}><Ask key={asked.number} question={asked.question} answer={asked.answer} /></Suspense>;
}
