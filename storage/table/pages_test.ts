import { assertEquals } from "@std/assert";
import { linkedPages } from "./pages.ts";

Deno.test("linkedPages() reads each page after the place that the previous page names", async () => {
  const events: string[] = [];
  const list: Record<string, { names: string[]; next?: string }> = {
    "": { names: ["a", "b"], next: "b" },
    b: { names: [], next: "d" },
    d: { names: ["e"] },
  };
  const pages = linkedPages((from: { after?: string }) => {
    events.push(`read after "${from.after ?? ""}"`);
    return Promise.resolve(list[from.after ?? ""]!);
  });
  for await (const { names } of pages) events.push(`got ${names.join()}`);
  assertEquals(events, [
    'read after ""',
    "got a,b",
    'read after "b"',
    "got ",
    'read after "d"',
    "got e",
  ]);
});
