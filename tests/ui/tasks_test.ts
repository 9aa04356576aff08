/**
 * Tasks of a new user in Chromium, step by step, after the login and from the page of all repositories. A step is a link
 * that is followed, a choice, or a form that is sent. docs/ui.md has the number of steps of each.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { ADMINISTRATOR, basic, startSecured } from "../harness/secured.ts";
import type { Send } from "../harness/content.ts";
import { openBrowser, openPage, type Page } from "./browser.ts";
import { pushRich, type RichContent, SIGNER } from "./rich.ts";

/** A link or a button of this text, a value that is typed and sent, or a choice. */
type Step = { follow: string } | { send: string; text: string } | { choose: string } | { press: string };

interface Task {
  /** First column of the table in docs/ui.md. */
  name: string;
  steps: Step[];
  /** Text of the last page. */
  shows: RegExp;
}

/** Tasks over the rich content. */
function tasksFor({ index }: RichContent): Task[] {
  return [
    {
      name: "Find who pushed a digest",
      steps: [{ send: "#q", text: index }, { follow: "shop/api@" }],
      shows: /pushed .* by root/,
    },
    {
      name: "See what changed between two tags",
      steps: [{ follow: "shop/api" }, { choose: "input[name=from][value='2.4.0']" }, {
        follow: "Compare the selected two",
      }],
      shows: /4 shared, 2 added/,
    },
    {
      name: "See whether an image is signed, and by whom",
      steps: [{ follow: "shop/api" }, { follow: "2.4.1" }],
      shows: /Rule release is met: Signed with key "release"/,
    },
    {
      name: "See what fills the disk",
      steps: [{ follow: "Admin" }, { follow: "Storage" }],
      shows: /shop\/api[^]*KiB/,
    },
    {
      name: "See why an account may not push",
      steps: [{ follow: "Admin" }, { follow: "Policies" }, {
        send: "input[name=repository]",
        text: "shop/api",
      }],
      shows: /anonymous may not pull in shop\/api/,
    },
    {
      name: "Copy a pull that is pinned by digest",
      steps: [{ follow: "shop/api" }, { follow: "2.4.1" }, {
        press: "Copy the command for docker, by digest",
      }],
      shows: /Pinned by digest/,
    },
    {
      name: "Find the images with a package",
      steps: [{ send: "#q", text: "openssl" }, { choose: "input[value=package]" }, { follow: "Search" }],
      shows: /shop\/api:\S+\s+package\s+openssl 3\.5\.4/,
    },
    {
      name: "Make a token for CI",
      steps: [{ follow: "root" }, { send: "#description", text: "CI" }],
      shows: /skr_\w+/,
    },
    {
      name: "Delete the image of an old branch",
      steps: [{ follow: "shop/checkout" }, { follow: "pr-1432" }, { follow: "Delete the manifest" }, {
        follow: "Delete the manifest",
      }],
      shows: /This repository has no tags/,
    },
    {
      name: "Roll back a tag",
      steps: [{ follow: "shop/api" }, { follow: "2 moves" }, { follow: "Roll back to" }, {
        follow: "Move the tag",
      }],
      shows: /api:latest[^]*Tags\s+2\.4\.0/,
    },
  ];
}

async function take(page: Page, step: Step): Promise<void> {
  if ("choose" in step) return await page.click(step.choose);
  if ("press" in step) return await page.click(`button[aria-label="${step.press}"]`);
  if ("send" in step) {
    if (step.send.includes("repository")) await page.type("input[name=who]", "anonymous");
    await page.type(step.send, step.text);
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    return;
  }
  for (const element of await page.$$("main :is(a, button[type=submit]), header a")) {
    const text = await element.evaluate(({ textContent }) => textContent ?? "");
    if (!text.trim().startsWith(step.follow)) continue;
    await Promise.all([page.waitForNavigation(), element.click()]);
    return;
  }
  throw new Error(`"${step.follow}" is not on ${page.url()}`);
}

async function logIn(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/login`);
  await page.type("#username", ADMINISTRATOR.username);
  await page.type("#password", ADMINISTRATOR.password);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

/** Steps of each task in docs/ui.md. */
async function documentedSteps(): Promise<Record<string, number>> {
  const text = await Deno.readTextFile(new URL("../../docs/ui.md", import.meta.url));
  const rows = text.matchAll(/^\| ([^|]+?) +\| (\d+) +\|/gm);
  return Object.fromEntries([...rows].map(([, name, steps]) => [name!, Number(steps)]));
}

Deno.test("a new user finishes each task in the steps that docs/ui.md counts", async () => {
  const verify = [{ name: "release", repositories: ["**"], keys: { release: SIGNER.pem } }];
  await using registry = await startSecured({}, { SKERRY_VERIFY: JSON.stringify(verify) });
  const send: Send = (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("Authorization", basic(ADMINISTRATOR));
    return fetch(`${registry.url}${path}`, { ...init, headers });
  };
  const tasks = tasksFor(await pushRich(send));
  await using browser = await openBrowser();
  await using opened = await openPage(browser, `${registry.url}/login`, { width: 1280, scheme: "light" });
  const { page, problems } = opened;
  await logIn(page, registry.url);
  const counted: Record<string, number> = {};
  for (const { name, steps, shows } of tasks) {
    await page.goto(`${registry.url}/`);
    for (const step of steps) await take(page, step);
    assertMatch(await page.evaluate("document.querySelector('main').innerText") as string, shows, name);
    counted[name] = steps.length;
  }
  assertEquals(counted, await documentedSteps());
  assertEquals(problems, []);
});
