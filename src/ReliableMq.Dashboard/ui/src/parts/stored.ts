/** What this browser remembers of the viewer's choices; nothing where it has no storage. */
export function readStored(name: string) {
  try {
    return localStorage.getItem(`reliablemq.${name}`);
  } catch {
    return null;
  }
}

export function store(name: string, value: string | null) {
  try {
    if (value === null) localStorage.removeItem(`reliablemq.${name}`);
    else localStorage.setItem(`reliablemq.${name}`, value);
  } catch {
    // The choice lasts as long as the page.
  }
}
