import type { Send } from "./content.ts";

/** A client of the web UI that keeps cookies and sends forms as browsers do, by `Send`. */
export class FormClient {
  readonly #send: Send;
  readonly #origin: string;
  /** Cookies that it keeps. */
  readonly cookies: Map<string, string> = new Map();

  /** Client of pages at this origin. */
  constructor(send: Send, origin: string) {
    this.#send = send;
    this.#origin = origin;
  }

  /** Opens a page. Redirects are answered and not followed. */
  async open(path: string, headers: Record<string, string> = {}): Promise<OpenedPage> {
    return await this.#fetch(path, {
      headers: { Accept: "text/html", "Sec-Fetch-Site": "same-origin", ...headers },
    });
  }

  /** Sends a form. `headers` replaces those of a browser; an empty value removes one. */
  async submit(
    path: string,
    fields: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<OpenedPage> {
    const all = {
      Accept: "text/html",
      Origin: this.#origin,
      "Sec-Fetch-Site": "same-origin",
      "Content-Type": "application/x-www-form-urlencoded",
      ...headers,
    };
    return await this.#fetch(path, {
      method: "POST",
      headers: Object.entries(all).filter(([, value]) => value !== ""),
      body: new URLSearchParams(fields).toString(),
    });
  }

  /** Logs in with the form. */
  async logIn(username: string, password = `${username}'s password`, returnTo = "/"): Promise<OpenedPage> {
    const form = await this.open(`/login?return_to=${encodeURIComponent(returnTo)}`);
    return await this.submit("/login", { ...form.hidden(), username, password });
  }

  async #fetch(path: string, init: RequestInit): Promise<OpenedPage> {
    const headers = new Headers(init.headers);
    const cookies = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    if (cookies !== "") headers.set("Cookie", cookies);
    const response = await this.#send(path, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/; Max-Age=0\b/.test(line)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return new OpenedPage(response, await response.text());
  }
}

/** Answer of the web UI. */
export class OpenedPage {
  /** Status, headers and text of an answer. */
  constructor(readonly response: Response, readonly text: string) {}

  /** Status. */
  get status(): number {
    return this.response.status;
  }

  /** `Location` of a redirect. */
  get location(): string | null {
    return this.response.headers.get("Location");
  }

  /** Hidden fields of the page. */
  hidden(): Record<string, string> {
    return Object.fromEntries(
      [...this.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
        .map(([, name, value]) => [name!, value!.replaceAll("&amp;", "&")]),
    );
  }
}
