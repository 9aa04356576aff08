import { readCoverage } from "./coverage.ts";
import { applyMistake, type Mistake } from "./mistake.ts";
import { LOCK, type Stage } from "./stages.ts";
import type { Tree } from "./tree.ts";

/** Result of a trial of a mistake. */
export type Outcome =
  /** It does not type-check, so it could never be committed. */
  | { readonly result: "invalid" }
  /** A stage failed, or did not end in time. */
  | { readonly result: "killed"; readonly by: string; readonly failure: string }
  /** No stage failed. */
  | { readonly result: "survived" };

/** Runs the stages of mistakes in one tree. */
export class Trial {
  readonly #tree: Tree;
  readonly #stagesOf: (mistake: Mistake) => readonly Stage[];
  readonly #limit: number;
  /** The process that runs now, which leads a group of its own. */
  #leader: number | undefined;

  /**
   * @param stagesOf The commands that should see a mistake, in their order.
   * @param limit How long a stage may take, in milliseconds.
   */
  constructor(tree: Tree, stagesOf: (mistake: Mistake) => readonly Stage[], limit: number) {
    this.#tree = tree;
    this.#stagesOf = stagesOf;
    this.#limit = limit;
  }

  /** Ends at once what runs, which no signal for this process reaches, and removes the tree. */
  end(): void {
    if (this.#leader !== undefined) endGroup(this.#leader);
    Deno.removeSync(this.#tree.root, { recursive: true });
  }

  /** Tries one mistake, and leaves the tree as it was. */
  async run(mistake: Mistake): Promise<Outcome> {
    const source = await this.#tree.read(mistake.file);
    await this.#tree.write(mistake.file, applyMistake(source, mistake));
    try {
      const check = await this.#deno(["check", "--quiet", LOCK, mistake.file]);
      if (!check.success) return { result: "invalid" };
      for (const stage of this.#stagesOf(mistake)) {
        const failure = await this.failureOf(stage);
        if (failure !== undefined) return { result: "killed", by: stage.name, failure };
      }
      return { result: "survived" };
    } finally {
      await this.#tree.write(mistake.file, source);
    }
  }

  /** Runs a stage without a mistake and answers what of the source it ran. Throws where it fails. */
  async cover(stage: Stage): Promise<Set<string>> {
    const folder = await Deno.makeTempDir({ prefix: "skerry-coverage-" });
    try {
      const failure = await this.failureOf(stage, { DENO_COVERAGE_DIR: folder });
      if (failure === undefined) return await readCoverage(folder, this.#tree.root);
      throw new Error(`Cannot begin: "${stage.name}" fails without a mistake: ${failure}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  /** The first test that fails in a stage, or the end of its output; `undefined` where it passes. */
  async failureOf({ args, limit }: Stage, env: Record<string, string> = {}): Promise<string | undefined> {
    const { success, isLate, output } = await this.#deno(args, env, limit);
    if (success) return undefined;
    if (isLate) return "not done in time";
    const [, name, file] = /^(.+) => (?:\.\/)?(\S+):\d+:\d+$/m.exec(output) ?? [];
    return name !== undefined ? `${name} (${file})` : output.trim().split("\n").slice(-3).join(" | ");
  }

  async #deno(
    args: readonly string[],
    env: Record<string, string> = {},
    limit = Infinity,
  ): Promise<{ success: boolean; isLate: boolean; output: string }> {
    // The process has a group of its own, which ends together: tests start processes themselves.
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: this.#tree.root,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    this.#leader = child.pid;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      endGroup(child.pid);
    }, Math.min(limit, this.#limit));
    const { success, stdout, stderr } = await child.output();
    clearTimeout(timer);
    endGroup(child.pid);
    this.#leader = undefined;
    const decoder = new TextDecoder();
    return { success: success && !isLate, isLate, output: decoder.decode(stdout) + decoder.decode(stderr) };
  }
}

function endGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}
