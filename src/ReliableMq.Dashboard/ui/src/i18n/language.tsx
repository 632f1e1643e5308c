import { createContext, type ReactNode, use, useState } from "react";
import { readStored, store } from "../parts/stored";
import { en, type Texts } from "./en";

export type Language = "en" | "zh";

/** Each in its own words. */
export const languages: Record<Language, string> = { en: "English", zh: "中文" };

const load: Record<Language, () => Promise<Texts>> = {
  en: () => Promise.resolve(en),
  zh: async () => (await import("./zh")).zh,
};

interface Spoken { language: Language; texts: Texts; speak: (language: Language) => void }

const Context = createContext<Spoken>({ language: "en", texts: en, speak: () => {} });

export const useLanguage = () => use(Context);
export const useTexts = () => use(Context).texts;

/** The chosen one, else the first of the browser's that there is. */
export function preferredLanguage(): Language {
  const chosen = readStored("language");
  if (chosen === "en" || chosen === "zh") return chosen;
  const first = navigator.languages.find((language) => /^(en|zh)\b/i.test(language));
  return first?.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export async function loadLanguage(language: Language) {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  return load[language]();
}

export function LanguageProvider({ first, texts, children }: { first: Language; texts: Texts; children: ReactNode }) {
  const [spoken, setSpoken] = useState({ language: first, texts });
  const speak = (language: Language) => {
    store("language", language);
    void loadLanguage(language).then((loaded) => setSpoken({ language, texts: loaded }));
  };
  return <Context value={{ ...spoken, speak }}>{children}</Context>;
}
