/** A file system that is soon full. */
export interface TinyDisk extends AsyncDisposable {
  /** Its path. */
  readonly folder: string;
  /** Gives it another size, such as "10m". */
  resize(size: string): Promise<void>;
}

/** Makes a file system in memory of this size, such as "10m". Takes root's rights. */
export async function mountTinyDisk(size: string): Promise<TinyDisk> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-disk-" });
  await run("mount", "-t", "tmpfs", "-o", `size=${size}`, "skerry-test", folder);
  return {
    folder,
    resize: (size) => run("mount", "-o", `remount,size=${size}`, folder),
    async [Symbol.asyncDispose]() {
      await run("umount", "--lazy", folder);
      await Deno.remove(folder);
    },
  };
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`Cannot ${program}: ${new TextDecoder().decode(stderr)}`);
}
