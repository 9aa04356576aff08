/** The beginning or the end of a system call. */
export interface CallEvent {
  readonly phase: "begin" | "end";
  readonly call: SystemCall;
}

/** A system call as strace tells it, with paths behind the file descriptors (`-y`). */
export interface SystemCall {
  readonly name: string;
  /** Everything between the parentheses. */
  args: string;
  /** Its return value; of a failed call, a negative number. */
  result: number;
}

/** The file that the first argument, a descriptor, stands for. */
export function fileOf({ args }: SystemCall): string | undefined {
  return /^\d+<([^>]*)>/.exec(args)?.[1];
}

/** The paths that stand in quotes among the arguments. */
export function pathsOf({ args }: SystemCall): string[] {
  return [...args.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path]) => path!);
}

/**
 * Reads what `strace -f -o` has written. Threads run at the same time, so a call of one may begin and end around the
 * calls of others (`<unfinished ...>`, `<... resumed>`).
 */
export function parseTrace(text: string): CallEvent[] {
  const events: CallEvent[] = [];
  const unfinished = new Map<string, SystemCall>();
  for (const line of text.split("\n")) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || rest === undefined) continue;
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const begun = /^(\w+)\((.*)$/.exec(rest);
    let call: SystemCall | undefined;
    let text: string;
    if (resumed !== undefined) {
      call = unfinished.get(thread);
      text = resumed;
      unfinished.delete(thread);
    } else {
      if (begun === null) continue;
      call = { name: begun[1]!, args: "", result: 0 };
      text = begun[2]!;
      events.push({ phase: "begin", call });
    }
    if (call === undefined) continue;
    const [, args, result] = /^(.*)\) += (-?\d+)\b[^=]*$/.exec(text) ?? [];
    call.args += args ?? text.replace(/ <unfinished \.\.\.>$/, "");
    if (result === undefined) unfinished.set(thread, call);
    else {
      call.result = Number(result);
      events.push({ phase: "end", call });
    }
  }
  return events;
}
