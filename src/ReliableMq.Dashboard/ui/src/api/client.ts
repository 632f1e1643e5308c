import type { Problem } from "./contract";

export type Parameters = Record<string, string | number | boolean | null | undefined>;

/** What went wrong with a request, in words for the person who reads the page. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, message: string, problem: Problem | null = null) {
    super(message);
    this.status = status;
    this.problem = problem;
  }

  /** The caller is not known, or not any more. */
  get isSignedOut() {
    return this.status === 401;
  }

  /** No answer at all: the service is away, or the line to it. */
  get isAway() {
    return this.status === 0;
  }
}

export function address(path: string, parameters: Parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return new URL(`api/v1/${path}${text && "?" + text}`, document.baseURI).href;
}

/** The path of one row; what stands between the slashes may contain anything. */
export const rowPath = (resource: string, service: string, id: string, rest = "") =>
  `${resource}/${encodeURIComponent(service)}/${encodeURIComponent(id)}${rest}`;

export const get = <T>(path: string, parameters?: Parameters, signal?: AbortSignal) =>
  request<T>(address(path, parameters), signal ? { signal } : {});

export const post = <T>(path: string, body: object) =>
  request<T>(address(path), {
    method: "POST",
    // Other origins cannot send this header, so they cannot change anything in the viewer's name.
    headers: { "content-type": "application/json", "x-reliablemq-change": "1" },
    body: JSON.stringify(body),
  });

async function request<T>(url: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", redirect: "manual", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "");
  }
  // Whoever is no longer signed in is sent to a page for that, which is of no use here.
  if (response.type === "opaqueredirect") throw new ApiError(401, "");
  if (response.ok) return (await response.json()) as T;
  const problem = response.headers.get("content-type")?.startsWith("application/problem+json")
    ? ((await response.json()) as Problem)
    : null;
  throw new ApiError(response.status, problem?.detail ?? `${response.status} ${response.statusText}`, problem);
}
