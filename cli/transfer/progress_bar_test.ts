import { assertEquals } from "@std/assert";
import { ProgressBar, type Terminal } from "./progress_bar.ts";

/** A terminal that remembers what was written, or a file. */
function fake(isTerminal: boolean): Terminal & { text: string } {
  return {
    text: "",
    isTerminal: () => isTerminal,
    writeSync(bytes) {
      this.text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  };
}

Deno.test("ProgressBar shows its progress, not too often, and ends its line", () => {
  const terminal = fake(true);
  let now = 0;
  {
    using bar = new ProgressBar("Copying", 200, terminal, () => now);
    bar.add(50);
    now = 99;
    bar.add(50);
    now = 200;
    bar.add(150);
  }
  assertEquals(terminal.text.split("\r"), [
    "",
    "Copying [########......................]  25 %",
    "Copying [##############################] 100 %",
    "\x1b[K",
  ]);
});

Deno.test("ProgressBar writes nothing where there is no terminal", () => {
  const file = fake(false);
  {
    using bar = new ProgressBar("Copying", 0, file);
    bar.add(1);
    bar.clear();
  }
  assertEquals(file.text, "");
});
