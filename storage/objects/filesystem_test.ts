import { join } from "node:path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { content, read } from "./contract/fixtures.ts";
import { objectStoreContract } from "./contract/mod.ts";
import { UnavailableError } from "../errors.ts";
import { FilesystemObjectStore } from "./filesystem.ts";
import { ObjectTree, randomPartsId } from "./object_tree.ts";
import { PartsFile } from "./parts_file.ts";

const PART_BYTES = 1000;

async function makeFolder() {
  const folder = await Deno.makeTempDir();
  return {
    folder,
    open: () => FilesystemObjectStore.open(join(folder, "new", "objects"), { partSize: PART_BYTES }),
    tree: new ObjectTree(join(folder, "new", "objects")),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Every file of the store, by its path in it, and every folder that parts were put in. */
async function everything(folder: string, path = "new/objects"): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(folder, path))) {
    if (!isDirectory || name.includes(".")) found.push(join(path, name));
    if (isDirectory) found.push(...await everything(folder, join(path, name)));
  }
  return found;
}

objectStoreContract("FilesystemObjectStore", async () => {
  const { open, ...disposable } = await makeFolder();
  return { store: await open(), ...disposable };
});

Deno.test("FilesystemObjectStore open() finds objects that were stored before", async () => {
  await using made = await makeFolder();
  const before = await made.open();
  await before.put("a/b/whole", content(5000));
  const partsId = await before.startParts("a/b/parts");
  const first = await before.putPart("a/b/parts", partsId, 1, content(PART_BYTES));

  const after = await made.open();
  assertEquals(await read(after, "a/b/whole"), content(5000));
  assertEquals(await after.list("", { limit: 9 }), ["a/b/whole"]);
  assertEquals(await after.listParts("a/", 9), [{ key: "a/b/parts", partsId }]);
  const last = await after.putPart("a/b/parts", partsId, 2, content(3));
  await after.completeParts("a/b/parts", partsId, [first, last]);
  assertEquals(await read(before, "a/b/parts"), new Uint8Array([...content(PART_BYTES), ...content(3)]));
});

Deno.test("FilesystemObjectStore listParts() finds remains of a crash, and abortParts() removes them", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  const partsId = await store.startParts("a/b/parts");
  await store.putPart("a/b/parts", partsId, 1, content(PART_BYTES));
  await store.putPart("a/b/parts", partsId, 1, content(PART_BYTES));
  // As put() leaves it that dies before its last step, and completeParts() that dies after its own.
  (await made.tree.create(made.tree.pathsOf("a/b/put", randomPartsId()).staged)).close();
  await Deno.remove(made.tree.pathsOf("a/b/parts", partsId).staged);

  const begun = await store.listParts("a/b/", 9);
  assertEquals(begun.map(({ key }) => key), ["a/b/parts", "a/b/put"]);
  for (const { key, partsId } of begun) await store.abortParts(key, partsId);
  assertEquals(await everything(made.folder), []);
});

Deno.test("FilesystemObjectStore put() leaves nothing behind when it fails", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  const { object } = made.tree.pathsOf("a/b");
  await Deno.mkdir(join(object, "in the way"), { recursive: true });
  await assertRejects(() => store.put("a/b", content(1)), Error);
  assertEquals(await store.listParts("", 9), []);
});

Deno.test("FilesystemObjectStore list() passes over files that are not its own", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  await store.put("a/b", content(1));
  const { folder } = made.tree.pathsOf("a/b");
  for (const name of [".DS_Store", "lost", "b.object.bak", "B.object", "c.staged", "d.0.staged"]) {
    await Deno.writeTextFile(join(folder, name), "");
  }
  await Deno.mkdir(join(folder, "lost+found.d"));
  await Deno.writeTextFile(join(folder, "lost+found.d", "e.object"), "");
  assertEquals(await store.list("", { limit: 99 }), ["a/b"]);
  assertEquals(await store.listParts("", 99), []);
});

Deno.test("FilesystemObjectStore putPart() of two processes at once keeps both contents apart", async () => {
  await using made = await makeFolder();
  const stores = [await made.open(), await made.open()];
  for (const [winner, store] of stores.entries()) {
    const partsId = await store.startParts(`a/${winner}`);
    // Both write the same numbers, several at once.
    const written = await Promise.all(
      stores.map((each, seed) =>
        Promise.all(
          [2, 1, 3].map((number) =>
            each.putPart(`a/${winner}`, partsId, number, content(PART_BYTES, seed * 10 + number))
          ),
        )
      ),
    );
    const parts = (written[winner] ?? []).toSorted((a, b) => a.number - b.number);
    await store.completeParts(`a/${winner}`, partsId, parts);
    const expected = [1, 2, 3].flatMap((number) => [...content(PART_BYTES, winner * 10 + number)]);
    assertEquals(await read(store, `a/${winner}`), new Uint8Array(expected));
  }
  assertEquals((await everything(made.folder)).length, 2);
});

Deno.test("FilesystemObjectStore completeParts() is unavailable while another process writes a part", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  const partsId = await store.startParts("a/b");
  const part = await store.putPart("a/b", partsId, 1, content(PART_BYTES));
  {
    using other = PartsFile.open(made.tree.pathsOf("a/b", partsId).staged, PART_BYTES);
    assert(other?.isOurs);
    await assertRejects(() => store.completeParts("a/b", partsId, [part]), UnavailableError);
  }
  await store.completeParts("a/b", partsId, [part]);
  assertEquals(await read(store, "a/b"), content(PART_BYTES));
});

Deno.test("FilesystemObjectStore completeParts() refuses when bytes of a part are lost", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  const partsId = await store.startParts("a/b");
  const part = await store.putPart("a/b", partsId, 1, content(PART_BYTES));
  await Deno.truncate(made.tree.pathsOf("a/b", partsId).staged, PART_BYTES - 1);
  await assertRejects(() => store.completeParts("a/b", partsId, [part]), Error, "the file has 999");
  assertEquals(await store.get("a/b"), undefined);
});

Deno.test("FilesystemObjectStore completeParts() refuses a part that came again with another size", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  const partsId = await store.startParts("a/b");
  await store.putPart("a/b", partsId, 1, content(PART_BYTES));
  const again = await store.putPart("a/b", partsId, 1, content(PART_BYTES));
  await assertRejects(
    () => store.completeParts("a/b", partsId, [{ ...again, size: 5 }]),
    Error,
    "of 5 bytes",
  );
  await store.completeParts("a/b", partsId, [again]);
});

Deno.test("FilesystemObjectStore put() fails when the folder of the store itself is gone", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  await store.put("a/b", content(1));
  await Deno.remove(join(made.folder, "new"), { recursive: true });
  await assertRejects(() => store.put("a/c", content(1)), Deno.errors.NotFound);
});

/** Calls to the disk while `run` runs, in their order. */
async function diskCalls(run: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const { sync, syncData } = Deno.FsFile.prototype;
  const { rename } = Deno;
  Deno.FsFile.prototype.sync = function () {
    calls.push("sync folder");
    return sync.call(this);
  };
  Deno.FsFile.prototype.syncData = function () {
    calls.push("sync file");
    return syncData.call(this);
  };
  Deno.rename = (from, to) => {
    calls.push("rename");
    return rename(from, to);
  };
  try {
    await run();
  } finally {
    Object.assign(Deno.FsFile.prototype, { sync, syncData });
    Deno.rename = rename;
  }
  return calls;
}

Deno.test("FilesystemObjectStore has everything on the disk when it answers", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  assertEquals(await diskCalls(() => store.put("a/b", content(1))), [
    "sync folder", // the one above "a"
    "sync file",
    "rename",
    "sync folder",
  ]);
  assertEquals(await diskCalls(() => store.put("a/c", content(1))), ["sync file", "rename", "sync folder"]);

  let partsId = "";
  assertEquals(await diskCalls(async () => partsId = await store.startParts("a/d")), ["sync folder"]);
  const one = content(PART_BYTES);
  assertEquals(await diskCalls(() => store.putPart("a/d", partsId, 1, one)), ["sync file"]);
  const four = await diskCalls(() =>
    Promise.all([2, 3, 4, 5].map((number) => store.putPart("a/d", partsId, number, one)))
  );
  // Those whose bytes are written while another sync runs share the next one (shared_sync_test.ts).
  assert(four.length >= 1 && four.length <= 4);
  assertEquals([...new Set(four)], ["sync file"]);
  assertEquals(await diskCalls(() => store.putPart("a/d", partsId, 1, one)), [
    "sync folder", // the one that holds parts that came again
    "sync file",
    "sync folder",
  ]);
  const part = { number: 1, size: PART_BYTES, etag: "0" };
  const completing = await diskCalls(() => store.completeParts("a/d", partsId, [part]));
  assertEquals(completing, ["sync file", "rename", "sync folder"]);
  assertEquals(await diskCalls(() => store.completeParts("a/d", partsId, [part])), ["sync folder"]);
  assertEquals(await diskCalls(() => store.delete(["a/b", "a/c"])), ["sync folder"]);

  const putAt = (key: string) => diskCalls(() => store.put(key, content(1)));
  assertEquals((await putAt("a/deep/b")).length, 4);
  assertEquals((await putAt("a/deep/c")).length, 3);
});

Deno.test("FilesystemObjectStore get() and size() fail where its folder is missing, as when it is unmounted", async () => {
  await using made = await makeFolder();
  const store = await made.open();
  await store.put("a/b", content(3));
  assertEquals(await store.size("a/c"), undefined);
  const [folder, moved] = [join(made.folder, "new", "objects"), join(made.folder, "moved")];
  await Deno.rename(folder, moved);
  await assertRejects(() => store.get("a/b"), Error, `Cannot read "a/b": the folder "${folder}" is missing`);
  await assertRejects(() => store.size("a/b"), Error, `Cannot read "a/b": the folder "${folder}" is missing`);
  await Deno.rename(moved, folder);
  assertEquals(await store.size("a/b"), 3);
});
