import { EVENTS, eventScenario } from "../events.ts";
import { edit, type Mutation } from "./mutation.ts";

const RELAY = "registry/events/relay.ts";
const QUEUE = "registry/events/queue.ts";
const VERDICT = "registry/events/verdict.ts";
const PUSH = "registry/manifests/manifest_push.ts";

/** Mistakes in the events of changes. */
export const EVENT_MISTAKES: Mutation[] = [
  {
    name: "a push leaves no intent of its manifest (1)",
    edits: [edit(PUSH, "      ...intentItems(pushIntent),\n", "")],
    scenario: EVENTS["a push by a process that may end at any moment"],
  },
  {
    name: "a push leaves no intents of its tags (1)",
    edits: [
      edit(
        PUSH,
        "const announced = intentItems(...moves.map(({ planned }) => planned.intent), birth);",
        "const announced = intentItems(birth);",
      ),
    ],
    scenario: EVENTS["a push by a process that may end at any moment"],
  },
  {
    name: "a push leaves the intents of its tags after their moves (1 after 2)",
    edits: [
      edit(
        PUSH,
        "const announced = intentItems(...moves.map(({ planned }) => planned.intent), birth);",
        "const announced = intentItems(birth);",
      ),
      edit(
        PUSH,
        "    // 7. A delete",
        "    await work.table.putMany(intentItems(...moves.map(({ planned }) => planned.intent)));\n    // 7. A delete",
      ),
    ],
    scenario: EVENTS["moves of a tag by two processes"],
  },
  {
    name: "a push that lost a tag leaves no intent of its next attempt (1)",
    edits: [
      edit(
        "registry/manifests/tags.ts",
        "await leaveTargets(work, repository, target.digest, [current], intentItems(intent));",
        "await leaveTargets(work, repository, target.digest, [current]);",
      ),
    ],
    scenario: EVENTS["pushes that race for a tag, by processes that then end"],
  },
  {
    name: "a delete of a tag leaves no intent (1)",
    edits: [edit("registry/manifests/tags.ts", ", ...intentItems(intent)],\n    );", "],\n    );")],
    scenario: EVENTS["a delete of a tag beside a push of it"],
  },
  {
    name: "a tag that goes with its manifest leaves no intent (1)",
    edits: [edit("registry/manifests/manifest_delete.ts", "        await leaveIntents(work, intent);\n", "")],
    scenario: EVENTS["a push and its delete by processes that then end"],
  },
  {
    name: "retention of tags leaves no intents (1)",
    edits: [edit("registry/retention/retention.ts", ", ...intentItems(...leavings)]", "]")],
    scenario: EVENTS.retention,
  },
  {
    name: "an intent of a move is earlier than the move before it",
    edits: [
      edit("registry/protocol/events.ts", "Math.max(now(), tag?.attributes.moves[0]?.at ?? 0) + 1", "now()"),
    ],
    scenario: eventScenario,
  },
  {
    name: "a process takes up its own intents alone (3)",
    edits: [
      edit(
        RELAY,
        "const wanted = [...lanes.values()].filter((lane) => lane.some(({ item }) => isWanted(item)));",
        "const wanted = [...lanes.values()].map((lane) => lane.filter(({ item }) => isWanted(item))).filter((lane) => lane.length > 0);",
      ),
    ],
    scenario: EVENTS["moves of a tag by two processes"],
  },
  {
    name: "an intent counts as made without a look (4)",
    edits: [
      edit(
        RELAY,
        "intent.verdict = judge(intent, { ...decisive, moves });",
        'intent.verdict = judge(intent, { ...decisive, moves }) && "made";',
      ),
    ],
    scenario: EVENTS["pushes that race for a tag, by processes that then end"],
  },
  {
    name: "an intent whose number was taken by another push counts as made (4)",
    edits: [
      edit(
        VERDICT,
        'return digest === undefined || digest === change.digest ? "made" : "failed";',
        'return digest === undefined ? "failed" : "made";',
      ),
    ],
    scenario: EVENTS["moves that race for a tag, by processes that then end"],
  },
  {
    name: "what an intent changes is read with a lag (4)",
    edits: [
      edit(
        RELAY,
        "const read = await work.table.getMany(keys, { consistent: true });",
        "const read = await work.table.getMany(keys, { consistent: false });",
      ),
    ],
    scenario: eventScenario,
    from: 2500,
  },
  {
    name: "the intent of a delete proves nothing (4)",
    edits: [
      edit(
        VERDICT,
        'if (change.kind === "tag.delete") this.#noteEnd(change.history, change.number, change.before);\n',
        "",
      ),
    ],
    scenario: EVENTS["a tag that is deleted and pushed again"],
  },
  {
    name: "intents are not read again before one is dropped (4)",
    edits: [
      edit(RELAY, "if (!unsure.some((i) => lanes[i]!.some(isDoubtful))) return targets;", "return targets;"),
    ],
    scenario: eventScenario,
  },
  {
    name: "the intent of a move proves no earlier one (4)",
    edits: [
      edit(VERDICT, "if (before !== undefined) this.#noteEnd(history, number - 1, before);", "before;"),
    ],
    scenario: eventScenario,
  },
  {
    name: "a delete of a tag counts that another one has overtaken (4)",
    edits: [edit(VERDICT, "(evidence.ends.get(change.history) ?? 0) > change.number", "false")],
    scenario: eventScenario,
    from: 31_483,
  },
  {
    name: "an open intent is dropped at once (6)",
    edits: [edit(RELAY, "known.has(item.sk) || item.attributes.due <= this.#context.now()", "true")],
    scenario: eventScenario,
  },
  {
    name: "an open intent is never dropped (6)",
    edits: [
      edit(RELAY, "known.has(item.sk) || item.attributes.due <= this.#context.now()", "known.has(item.sk)"),
    ],
    scenario: EVENTS["a push by a process that may end at any moment"],
  },
  {
    name: "intents are deleted before their deliveries are put (5)",
    edits: [
      edit(RELAY, "      await this.#put(work, shard, step, { targets, report });\n", ""),
      edit(
        RELAY,
        'intent.verdict !== "open" || isLast(intent)));\n',
        'intent.verdict !== "open" || isLast(intent)));\n      await this.#put(work, shard, step, { targets, report });\n',
      ),
    ],
    scenario: EVENTS["a push by a process that may end at any moment"],
  },
  {
    name: "deliveries of one lane are put at the same time (5)",
    edits: [
      edit(
        RELAY,
        "for (let round = 0; queues.some((queue) => queue.length > round); round++) {",
        "for (let round = 0; round < 1; round++) {",
      ),
      edit(
        RELAY,
        "const items = queues.flatMap((queue) => queue[round] ?? []);",
        "const items = queues.flatMap((queue) => queue.flat());",
      ),
    ],
    scenario: eventScenario,
  },
  {
    name: "a delivery does not wait for an earlier one of its lane (7)",
    edits: [
      edit(
        QUEUE,
        "if (this.#isOver() || !await this.#attempt(delivery)) return;",
        "if (this.#isOver()) return;\n        await this.#attempt(delivery);",
      ),
    ],
    scenario: EVENTS["moves of a tag by two processes"],
  },
  {
    name: "a delivery is deleted before it is made (7)",
    edits: [
      edit(
        QUEUE,
        "      await this.#receiver.deliver(message);\n",
        "      await this.#delete(delivery);\n      await this.#receiver.deliver(message);\n",
      ),
    ],
    scenario: EVENTS["a push by a process that may end at any moment"],
  },
  {
    name: "waiting deliveries are read with a lag (7)",
    edits: [edit(QUEUE, "limit: WINDOW, consistent: true }", "limit: WINDOW, consistent: false }")],
    scenario: eventScenario,
  },
];
