import { platformOf } from "./manifest_document.ts";
import type { HistoryStep, Image } from "./schemas/mod.ts";
import { arrayOf, member, objectOf, textMapOf, textOf, textsOf } from "./values.ts";

/** Steps of a history that an answer has: those of 10,000 layers would not fit a page. */
const MAX_STEPS = 1000;

/**
 * Image of the JSON of its config (image-spec, config.md). Everything in it is untrusted, and wrong types count as absent.
 * Each step of the history that is not an `empty_layer` made the next layer; that holds only if their number fits.
 */
export function readImage(json: unknown, layers: number): Image {
  const document = objectOf(json);
  const config = objectOf(document.config);
  const history = arrayOf(document.history).map(objectOf);
  const filled = history.filter((step) => step.empty_layer !== true).length;
  const historyFits = filled === layers;
  let layer = 0;
  const steps = history.map((step): HistoryStep => ({
    ...member("createdBy", textOf(step.created_by)),
    ...member("comment", textOf(step.comment)),
    ...member("created", textOf(step.created)),
    ...member("author", textOf(step.author)),
    ...(historyFits && step.empty_layer !== true && { layer: layer++ }),
  }));
  return {
    ...member("platform", platformOf(document)),
    ...member("created", textOf(document.created)),
    ...member("author", textOf(document.author)),
    ...member("user", textOf(config.User)),
    ...member("workingDir", textOf(config.WorkingDir)),
    ...member("stopSignal", textOf(config.StopSignal)),
    entrypoint: textsOf(config.Entrypoint),
    command: textsOf(config.Cmd),
    environment: textsOf(config.Env).map(variableOf),
    ports: Object.keys(objectOf(config.ExposedPorts)),
    volumes: Object.keys(objectOf(config.Volumes)),
    labels: textMapOf(config.Labels),
    history: steps.slice(0, MAX_STEPS),
    historyFits,
  };
}

/** `NAME=value`. */
function variableOf(text: string): { name: string; value: string } {
  const equals = text.indexOf("=");
  return equals === -1
    ? { name: text, value: "" }
    : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}
