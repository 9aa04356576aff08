import { objectStoreContract } from "./contract/mod.ts";
import { MemoryObjectStore } from "./memory.ts";

for (const verifies of [false, true]) {
  objectStoreContract(
    `MemoryObjectStore${verifies ? " that checks content" : ""}`,
    () =>
      Promise.resolve({
        store: new MemoryObjectStore({ partSize: 1000, verifies }),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    { verifiesContent: verifies },
  );
}
