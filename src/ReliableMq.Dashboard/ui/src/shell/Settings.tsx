import { Popover } from "@base-ui/react/popover";
import { useState } from "react";
import { useSession } from "../api/use";
import { languages, type Language, useLanguage, useTexts } from "../i18n/language";
import { Icon } from "../parts/Icon";
import { readStored, store } from "../parts/stored";
import { localZone, type Zone } from "../time/format";
import { useClock } from "../time/zone";

type Theme = "system" | "light" | "dark";

export function Settings() {
  const { shell } = useTexts();
  const { language, speak } = useLanguage();
  const { zone, setZone } = useClock();
  const session = useSession().data;
  const [theme, setTheme] = useState<Theme>(() => (readStored("theme") as Theme | null) ?? "system");

  const dress = (chosen: Theme) => {
    store("theme", chosen === "system" ? null : chosen);
    if (chosen === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = chosen;
    setTheme(chosen);
  };

  return (
    <Popover.Root defaultOpen>
      <Popover.Trigger className="icon-button" aria-label={shell.settings} title={shell.settings}><Icon name="settings" /></Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="bottom" align="end" sideOffset={6} className="popup-place">
          <Popover.Popup className="popup settings" aria-label={shell.settings}>
            <Choice<Theme> label={shell.theme} value={theme} choose={dress} choices={[["system", shell.themeSystem], ["light", shell.themeLight], ["dark", shell.themeDark]]} />
            <Choice<Language> label={shell.language} value={language} choose={speak} choices={Object.entries(languages) as [Language, string][]} />
            <Choice<Zone> label={shell.timeZone} value={zone} choose={setZone} choices={[["local", localZone()], ["utc", shell.utc]]} />
            {session && (
              <dl className="facts small">
                <div><dt>{shell.user}</dt><dd>{session.user}</dd></div>
                <div><dt>{shell.version}</dt><dd className="num">{session.version}</dd></div>
              </dl>
            )}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Choice<T extends string>({ label, value, choices, choose }: { label: string; value: T; choices: [T, string][]; choose: (value: T) => void }) {
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      <div className="segments">
        {choices.map(([each, name]) => (
          <label key={each} className={each === value ? "segment on" : "segment"}>
            <input type="radio" name={label} value={each} checked={each === value} onChange={() => choose(each)} />{name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
