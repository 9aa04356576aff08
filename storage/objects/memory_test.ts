import { objectStoreContract } from "./contract/mod.ts";
import { MemoryObjectStore } from "./memory.ts";

objectStoreContract("MemoryObjectStore", () =>
  Promise.resolve({
    store: new MemoryObjectStore({ partSize: 1000 }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));
