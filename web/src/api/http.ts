// Requests to the server that gave this page, and what becomes of its error objects.

import type {Page} from './types';

/** The server refused, or could not be reached (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What there is to tell people about whatever was thrown. */
export const reason = (problem: unknown) => (problem instanceof ApiError ? problem.message : String(problem));

export async function send(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  let response: Response;
  try {
    response = await fetch(path, {...init, method, headers, body: body === undefined ? null : JSON.stringify(body)});
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === 'AbortError') throw problem;
    throw new ApiError(0, 'unreachable', 'The server can’t be reached.');
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

export async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** All entries of a list, page by page; at most `most`. */
export async function list<T>(path: string, most = Infinity): Promise<T[]> {
  const all: T[] = [];
  for (let after: string | null = ''; after !== null && all.length < most; ) {
    const page: Page<T> = await request('GET', `${path}?limit=200${after && `&after=${encodeURIComponent(after)}`}`);
    all.push(...page.data);
    after = page.next;
  }
  return all;
}

async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const told = (body as {error?: {code?: string; message?: string}} | null)?.error;
  return new ApiError(response.status, told?.code ?? 'internal', told?.message ?? `The server answered with status ${response.status}.`);
}
