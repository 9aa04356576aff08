/**
 * Chromium for tests of the pages.
 *
 * @module
 */
import axe, { type AxeResults } from "npm:axe-core@4.14.1";
import puppeteer, { type Browser, type Page } from "npm:puppeteer-core@25.16.0";
import { tool } from "../tools/tool.ts";

export type { Browser, Page };

/** Milliseconds for one step of a page: enough for a machine that is busy with other tests. */
const PATIENCE_MS = 60_000;

/** Size, colours and script of a page. */
export interface Look {
  /** Width in pixels. */
  width: 320 | 360 | 1280 | 2560;
  /** Colours that the system prefers. */
  scheme: "light" | "dark";
  /** False if the browser executes no script. */
  script?: boolean;
}

/** Narrow and wide, light and dark. */
export const LOOKS: readonly Look[] = ([360, 1280] as const).flatMap((width) =>
  (["light", "dark"] as const).map((scheme) => ({ width, scheme }))
);

/** Starts Chromium, with further flags. Each page that {@linkcode openPage} opens has cookies and storage of its own. */
export async function openBrowser(...flags: string[]): Promise<Browser & AsyncDisposable> {
  const browser = await puppeteer.launch({
    executablePath: await tool("chromium"),
    // The tests run as root, which Chromium refuses in its sandbox; they open pages of this machine only.
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", ...flags],
    timeout: PATIENCE_MS,
    protocolTimeout: PATIENCE_MS,
  });
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() });
}

/** A page, and what went wrong in it. */
export interface OpenedPage extends AsyncDisposable {
  /** The page. */
  page: Page;
  /** Errors of scripts, and of the content security policy, so far. */
  problems: string[];
}

/** Opens a page, which must answer 200 unless `status` says otherwise. */
export async function openPage(
  browser: Browser,
  url: string,
  { width, scheme, script = true }: Look,
  status = 200,
): Promise<OpenedPage> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && status === 200) problems.push(message.text());
  });
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  await setLook(page, { width, scheme });
  await page.setJavaScriptEnabled(script);
  const response = await page.goto(url, { waitUntil: "load" });
  if (response?.status() !== status) throw new Error(`Cannot open "${url}": status ${response?.status()}`);
  return { page, problems, [Symbol.asyncDispose]: () => context.close() };
}

/** Changes the size and the colours of an opened page. */
export async function setLook(page: Page, { width, scheme }: Pick<Look, "width" | "scheme">): Promise<void> {
  await page.setViewport({ width, height: 800 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
}

/** Findings of axe-core in a page, each with its first elements. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate("axe.run()") as AxeResults;
  return violations.map(({ id, nodes }) => {
    const found = nodes.slice(0, 3).map(({ html, failureSummary }) =>
      `${html.slice(0, 200)}: ${failureSummary}`
    );
    return `${id}: ${found.join("\n")}`;
  });
}

// Functions of the page are texts, because the types of these sources know no document.

/** Elements that reach past the right edge of the window, so that a reader must scroll sideways. */
export async function overflowingElements(page: Page): Promise<string[]> {
  return await page.evaluate(`document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
      .map(({ tagName, className }) => tagName + " " + className)`) as string[];
}

/** The focused element as a screen reader names it: its label, or its text. */
export async function focusedName(page: Page): Promise<string> {
  return await page.evaluate(`(() => {
    const element = document.activeElement;
    const ids = element.getAttribute("aria-labelledby");
    if (ids) return ids.split(" ").map((id) => document.getElementById(id).textContent).join(" ");
    const label = element.labels?.[0] ?? element;
    return (element.getAttribute("aria-label") ?? label.textContent).trim().replace(/\\s+/g, " ");
  })()`) as string;
}
