import { createHash } from "node:crypto";
import type { Answer } from "../http/mod.ts";
import icon from "./assets/icon.svg" with { type: "text" };
import script from "./assets/script.js" with { type: "text" };
import style from "./assets/style.css" with { type: "text" };

/** Files that pages load, by name. They are imported as text, so that a bundle has them too. */
const FILES = { "style.css": style, "script.js": script, "icon.svg": icon } as const;

/** Name of a file that pages load. */
export type AssetName = keyof typeof FILES;

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Characters of the hash in a URL: 72 bits. */
const HASH_CHARACTERS = 12;

/** A year: the URL of a file changes with its content. */
const IMMUTABLE = "public, max-age=31536000, immutable";

const urls = new Map<string, string>();
const answers = new Map<string, Answer>();
for (const [name, text] of Object.entries(FILES)) {
  const url = urlOf(name, text);
  urls.set(name, url);
  answers.set(url, answerOf(name, text));
}

/** URL of a file that pages load. */
export function assetUrl(name: AssetName): string {
  return urls.get(name)!;
}

/** Answer to a request for a file; `undefined` if there is no such file, or only another version of it. */
export function assetAnswer(path: string): Answer | undefined {
  return answers.get(path);
}

/** `/assets/<name>-<hash>.<extension>` */
function urlOf(name: string, text: string): string {
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, HASH_CHARACTERS);
  const dot = name.lastIndexOf(".");
  return `/assets/${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
}

function answerOf(name: string, text: string): Answer {
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)]!;
  return {
    status: 200,
    headers: {
      "Content-Type": type,
      "Cache-Control": IMMUTABLE,
      // An image that is opened by itself is a document, which could load and execute.
      "Content-Security-Policy": "default-src 'none'; sandbox",
      "Cross-Origin-Resource-Policy": "same-origin",
    },
    body: new TextEncoder().encode(text),
    isRepeated: true,
  };
}
