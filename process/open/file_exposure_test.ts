import { assertEquals, assertMatch } from "@std/assert";
import { exportJWK, generateKeyPair } from "jose";
import { loadConfig } from "../../config/config.ts";
import { dataExposure, secretExposure } from "./file_exposure.ts";
import { createLog } from "../log/mod.ts";
import { openAccess } from "./open_access.ts";
import { openStorage } from "./open_storage.ts";
import { readSettings } from "../../config/mod.ts";
import { MemoryTable } from "../../storage/mod.ts";
import { startRegistry } from "../../tests/harness/registry_process.ts";
import { pushBlob } from "../../tests/harness/stores.ts";
import { createRegistry } from "../../registry/mod.ts";
import { withFolder } from "../../cli/testing/mod.ts";

const IGNORED = Deno.build.os === "windows"; // it has no modes

/** Every file and folder below `folder` whose mode gives anything to the group or to others. */
async function exposed(folder: string): Promise<string[]> {
  const found: string[] = [];
  const { mode } = await Deno.stat(folder);
  if ((mode! & 0o077) !== 0) found.push(`${folder} ${(mode! & 0o777).toString(8)}`);
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await exposed(path));
    else if (((await Deno.stat(path)).mode! & 0o077) !== 0) found.push(path);
  }
  return found;
}

Deno.test({
  name: "openStorage() makes files and folders that only their owner can use when the data folder is new",
  ignore: IGNORED,
  async fn() {
    await withFolder(async (folder) => {
      const data = `${folder}/new/data`;
      const storage = await openStorage(readSettings({ SKERRY_DATA: data })!, createLog({ format: "off" }));
      const { objects } = storage;
      const { registry } = createRegistry(storage);
      await pushBlob(registry, new Uint8Array(3 * objects.partSize));
      // An upload that is not complete, with a part that was written twice.
      const id = await objects.startParts("uploads/a");
      const part = new Uint8Array(objects.partSize);
      for (let i = 0; i < 2; i++) await objects.putPart("uploads/a", id, 1, part);
      // With the -wal and -shm files, which exist while the database is open.
      assertEquals(await exposed(`${folder}/new`), []);
      await Deno.stat(`${data}/table.sqlite-wal`);
      await storage.close();
    });
  },
});

Deno.test({
  name: "dataExposure() warns when other users can read or replace the content, and only then",
  ignore: IGNORED,
  async fn() {
    await withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/objects`, { mode: 0o700 });
      await Deno.writeTextFile(`${folder}/table.sqlite`, "", { mode: 0o600 });
      const warning = async (modes: { folder?: number; table?: number; objects?: number }) => {
        const { folder: own = 0o700, table = 0o600, objects = 0o700 } = modes;
        await Deno.chmod(folder, own);
        await Deno.chmod(`${folder}/table.sqlite`, table);
        await Deno.chmod(`${folder}/objects`, objects);
        return await dataExposure(folder) !== undefined;
      };
      assertEquals(await warning({}), false);
      assertEquals(await warning({ table: 0o644, objects: 0o755 }), false); // no other user gets there
      assertEquals(await warning({ folder: 0o755 }), false); // only the names are seen
      assertEquals(await warning({ folder: 0o770, table: 0o660 }), false); // a group's, on purpose
      assertEquals(await warning({ folder: 0o1777 }), false); // each replaces their own
      assertEquals(await warning({ folder: 0o755, table: 0o644 }), true);
      assertEquals(await warning({ folder: 0o711, objects: 0o755 }), true);
      assertEquals(await warning({ folder: 0o777 }), true);
      assertEquals(await dataExposure(`${folder}/absent`), undefined);
    });
  },
});

Deno.test({
  name: "secretExposure() warns of a file that other users can read or change",
  ignore: IGNORED,
  async fn() {
    await withFolder(async (folder) => {
      const path = `${folder}/keys.json`;
      await Deno.writeTextFile(path, "{}", { mode: 0o644 });
      assertEquals(await secretExposure(path), undefined); // no other user can enter its folder
      await Deno.chmod(folder, 0o711);
      const warning = async (mode: number) => (await Deno.chmod(path, mode), await secretExposure(path));
      assertEquals(await warning(0o640), undefined);
      assertEquals(
        await warning(0o644),
        `Other users of this machine can read "${path}": run chmod o= "${path}"`,
      );
      assertMatch((await warning(0o646))!, /can change/);
      assertEquals(await secretExposure(`${folder}/absent`), undefined);
    });
  },
});

Deno.test({
  name: "main.ts warns at the start when other users can read the data folder",
  ignore: IGNORED,
  async fn() {
    await withFolder(async (data) => {
      {
        await using registry = await startRegistry({ data });
        await fetch(`${registry.url}/readyz`).then((response) => response.body?.cancel());
        await registry.kill("SIGINT");
        assertEquals(registry.log().includes("chmod"), false, registry.log());
      }
      await Deno.chmod(data, 0o755);
      await Deno.chmod(`${data}/table.sqlite`, 0o644);
      await using registry = await startRegistry({ data });
      await fetch(`${registry.url}/readyz`).then((response) => response.body?.cancel());
      await registry.kill("SIGINT");
      assertMatch(
        registry.log(),
        /"level":"warn","message":"Other users of this machine can read .*chmod -R go= /,
      );
    });
  },
});

Deno.test({
  name:
    "openAccess() warns of a configuration file with hashes, and of keys of a token server that others can change",
  ignore: IGNORED,
  async fn() {
    await withFolder(async (folder) => {
      await Deno.chmod(folder, 0o711);
      const [path, keys] = [`${folder}/skerry.yaml`, `${folder}/keys.json`];
      const { publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
      await Deno.writeTextFile(keys, JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: "1" }] }));
      const warnings = async (auth: string, mode: number, modeOfKeys: number) => {
        await Deno.writeTextFile(path, `auth: { url: https://registry.test, ${auth} }`);
        await Deno.chmod(path, mode);
        await Deno.chmod(keys, modeOfKeys);
        const found: string[] = [];
        const log = { warn: (text: string) => void found.push(text), error() {} };
        const { auth: config } = await loadConfig({ SKERRY_CONFIG: path });
        (await openAccess(config!, { table: new MemoryTable(), log, readOnly: false })).close();
        return found.filter((text) => text.startsWith("Other users"));
      };
      const users = `users: { alice: "$2b$10$${"a".repeat(53)}" }`;
      const readable = `Other users of this machine can read "${path}": run chmod o= "${path}"`;
      assertEquals(await warnings(users, 0o644, 0o600), [readable]);
      assertEquals(await warnings(users, 0o640, 0o600), []);
      assertEquals(await warnings("tokenLifetime: 5m", 0o644, 0o600), [], "it holds no secret");
      const external = "external: { realm: https://token.test, issuer: i, service: s, keys: keys.json }";
      assertEquals(await warnings(external, 0o644, 0o644), [], "public keys are no secret");
      assertEquals(await warnings(external, 0o644, 0o646), [
        `Other users of this machine can change "${keys}": run chmod o-w "${keys}"`,
      ]);
    });
  },
});
