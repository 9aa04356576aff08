import { assertEquals, assertRejects } from "@std/assert";
import { Slots } from "./slots.ts";

Deno.test("Slots runs at most so much work at the same time, in order, also after a failure", async () => {
  const slots = new Slots(2);
  let [running, most] = [0, 0];
  const order: number[] = [];
  const work = (id: number) => async () => {
    most = Math.max(most, ++running);
    order.push(id);
    await Promise.resolve();
    running--;
    if (id === 1) throw new Error("failed");
    return id;
  };
  const failed = assertRejects(() => slots.run(work(1)), Error, "failed");
  const results = await Promise.all([2, 3, 4, 5].map((id) => slots.run(work(id))));
  await failed;
  assertEquals([results, order, most], [[2, 3, 4, 5], [1, 2, 3, 4, 5], 2]);
});
