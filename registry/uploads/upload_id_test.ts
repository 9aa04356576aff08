import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { parseRepositoryName } from "../../oci/mod.ts";
import { newUploadId, readUploadId } from "./upload_id.ts";

const OWNER = { repository: parseRepositoryName("team/app"), principal: "alice" };
const NOW = 1_700_000_000_000;

Deno.test("newUploadId() creates unique ids, safe in paths and keys, that contain their origin", () => {
  for (
    const facts of [{ startedAt: NOW }, { startedAt: 0, algorithm: "sha256" }, {
      startedAt: NOW,
      algorithm: "sha512",
    }] as const
  ) {
    const id = newUploadId(OWNER, facts);
    assert(/^[a-z0-9-]{1,64}$/.test(id), id);
    assertEquals(readUploadId(id, OWNER), facts);
    assertNotEquals(newUploadId(OWNER, facts), id);
  }
});

Deno.test("readUploadId() knows no id of another repository or principal, and none that was changed or made up", () => {
  const id = newUploadId(OWNER, { startedAt: NOW });
  assertEquals(readUploadId(id, { ...OWNER, repository: parseRepositoryName("team/other") }), undefined);
  assertEquals(readUploadId(id, { ...OWNER, principal: "bob" }), undefined);
  for (let i = 0; i < id.length; i++) {
    const changed = id.slice(0, i) + (id[i] === "1" ? "2" : "1") + id.slice(i + 1);
    assertEquals(readUploadId(changed, OWNER), undefined, changed);
  }
  for (
    const text of ["", "-", "a".repeat(32), crypto.randomUUID(), `${id}-`, id.toUpperCase(), id.slice(1)]
  ) {
    assertEquals(readUploadId(text, OWNER), undefined, text);
  }
});
