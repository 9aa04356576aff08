import { dirname, join } from "node:path";

/** A copy of the repository that may be spoiled. */
export class Tree implements AsyncDisposable {
  private constructor(readonly root: string) {}

  /**
   * Copies what Git knows of the repository, as it is in the working tree. The copy may leave variables unused, as most
   * removed statements do.
   */
  static async copy(source: string): Promise<Tree> {
    const tree = new Tree(await Deno.makeTempDir({ prefix: "skerry-mutate-" }));
    for (const path of await trackedFiles(source)) {
      const target = join(tree.root, path);
      await Deno.mkdir(dirname(target), { recursive: true });
      await Deno.copyFile(join(source, path), target);
    }
    const configuration = JSON.parse(await tree.read("deno.json"));
    configuration.compilerOptions.noUnusedLocals = false;
    configuration.compilerOptions.noUnusedParameters = false;
    await tree.write("deno.json", JSON.stringify(configuration));
    await linkTools(source, tree.root);
    return tree;
  }

  /** The text of a file. */
  read(path: string): Promise<string> {
    return Deno.readTextFile(join(this.root, path));
  }

  /** Gives a file another text. */
  write(path: string, text: string): Promise<void> {
    return Deno.writeTextFile(join(this.root, path), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

/** The files of the working tree that Git knows or would add. */
export async function trackedFiles(root: string, ...paths: string[]): Promise<string[]> {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", ...paths];
  const { success, stdout } = await new Deno.Command("git", { args, cwd: root }).output();
  if (!success) throw new Error(`Cannot list the files of "${root}"`);
  const files: string[] = [];
  for (const path of new TextDecoder().decode(stdout).split("\n")) {
    // A file may be deleted but not yet removed from the index.
    const isFile = path !== "" && await Deno.stat(join(root, path)).then((info) => info.isFile, () => false);
    if (isFile) files.push(path);
  }
  return files;
}

/** Lets the tests of the copy find the outside programs that are installed beside those of the source. */
async function linkTools(source: string, copy: string): Promise<void> {
  const work = join(source, "tests", ".work");
  const isInstalled = await Deno.stat(work).then(() => true, () => false);
  if (isInstalled) await Deno.symlink(await Deno.realPath(work), join(copy, "tests", ".work"));
}
