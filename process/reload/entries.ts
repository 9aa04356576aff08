import { dirname, join, parse, resolve, sep } from "node:path";

/** Maximum links on the way to a file, as in Linux. */
const MAX_LINKS = 40;

/**
 * Paths that decide what is read at `path`: every link on the way to the file, and the file itself. A change of any of
 * them is a change of an entry in its folder, whatever became of the file before it: Kubernetes replaces the link
 * `..data`, editors rename a new file over the old one.
 */
export async function entriesOf(path: string): Promise<string[]> {
  const links: string[] = [];
  let { root: place, rest } = split(resolve(path));
  while (rest.length > 0) {
    const entry = join(place, rest[0]!);
    const target = await linkAt(entry);
    if (target === "absent") return [...links, entry];
    rest = rest.slice(1);
    if (target === undefined) {
      place = entry;
      continue;
    }
    links.push(entry);
    if (links.length > MAX_LINKS) return links;
    const aim = split(resolve(dirname(entry), target));
    place = aim.root;
    rest = [...aim.rest, ...rest];
  }
  return [...links, place];
}

function split(path: string): { root: string; rest: string[] } {
  const { root } = parse(path);
  return { root, rest: path.slice(root.length).split(sep).filter((part) => part !== "") };
}

/** Target of the link at a path; `undefined` if something else is there, or if this process may not look. */
async function linkAt(path: string): Promise<string | "absent" | undefined> {
  try {
    return (await Deno.lstat(path)).isSymlink ? await Deno.readLink(path) : undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "absent" : undefined;
  }
}
