import type { Image, Layer, ManifestView } from "../../../api/mod.ts";
import {
  Annotations,
  Badge,
  Bar,
  Card,
  DigestText,
  formatBytes,
  type Instruction,
  layerKind,
  LayerLegend,
  ManyPairs,
  Note,
  Pager,
  Pairs,
  parseInstruction,
  Plain,
  plain,
  platformText,
  plural,
  ShareBar,
  Size,
} from "./components/mod.ts";
import { manifestPath } from "./paths.ts";

/** Layers and configuration of an image. */
export function ImageParts({ manifest }: { manifest: ManifestView }) {
  const { image, configProblem } = manifest;
  return (
    <>
      {configProblem && (
        <Note tone="warn">
          <p>
            The configuration cannot be shown: <Plain text={configProblem} />
          </p>
        </Note>
      )}
      <Layers manifest={manifest} />
      {image && <Configuration image={image} />}
      {image && <Annotations annotations={image.labels} title="Labels" />}
    </>
  );
}

/** Row of the table of layers: a layer, a step of the build without one, or both. */
interface LayerRow {
  layer?: Layer;
  number?: number;
  instruction?: Instruction;
}

/** All characters of instructions that a page shows, so that it stays small with a hundred of them. */
const INSTRUCTION_CHARACTERS = 6000;

/** Most steps of a build that a page shows. */
const MAX_STEPS = 120;

/** Most layers of one page. */
const LAYERS_PER_PAGE = 60;

function Layers({ manifest }: { manifest: ManifestView }) {
  const { image, parts, name, reference } = manifest;
  const layers = manifest.layers.slice(0, LAYERS_PER_PAGE);
  const rows = rowsOf(layers, image, parts.from);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const largest = Math.max(1, ...layers.map(({ size }) => size));
  const characters = Math.max(
    60,
    Math.min(600, Math.floor(INSTRUCTION_CHARACTERS / Math.max(1, rows.length))),
  );
  const end = parts.from + layers.length;
  const isPart = layers.length < parts.total;
  return (
    <Card
      title={`Layers (${parts.total})`}
      side={
        <span class="muted small">{`${formatBytes(total)} compressed${isPart ? " on this page" : ""}`}</span>
      }
      flush
    >
      <div class="pad stack">
        <Bar
          label={`Sizes of ${plural(layers.length, "layer")} to scale`}
          parts={layers.map((layer, index) => ({
            size: layer.size,
            kind: layerKind(instructionOf(layer)),
            title: `${parts.from + index + 1}: ${formatBytes(layer.size)}`,
          }))}
        />
        <LayerLegend />
      </div>
      <table class="fold layers">
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">Instruction</th>
            <th scope="col" class="end">Size</th>
            <th scope="col">Digest</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ layer, number, instruction }) => (
            <tr>
              <td>{number}</td>
              <td class="wide">
                <InstructionText instruction={instruction} layer={layer} max={characters} />
              </td>
              <td class="end">
                {layer && <Size bytes={layer.size} />}
                {layer && <ShareBar share={layer.size / largest} kind={layerKind(instruction)} />}
              </td>
              <td>{layer && <DigestText digest={layer.digest} copy={false} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {isPart && (
        <div class="pad">
          <Pager
            first={parts.from > 0 ? manifestPath(name, reference) : undefined}
            next={end < parts.total ? manifestPath(name, reference, { from: String(end) }) : undefined}
            shown={`layers ${parts.from + 1} to ${end} of ${parts.total}`}
          />
        </div>
      )}
    </Card>
  );
}

/** Steps of the build with their layers, if the history fits the page; otherwise the layers. */
function rowsOf(layers: Layer[], image: Image | undefined, from: number): LayerRow[] {
  if (!image?.historyFits || from > 0) {
    return layers.map((layer, index) => ({
      layer,
      number: from + index + 1,
      ...withInstruction(layer.createdBy),
    }));
  }
  const end = image.history.findIndex(({ layer }) => layer !== undefined && layer >= layers.length);
  return image.history.slice(0, end === -1 ? MAX_STEPS : end).map(({ layer: index, createdBy }) => {
    const layer = index === undefined ? undefined : layers[index];
    return { ...(layer && { layer, number: index! + 1 }), ...withInstruction(createdBy) };
  });
}

function withInstruction(createdBy: string | undefined): { instruction?: Instruction } {
  return createdBy === undefined ? {} : { instruction: parseInstruction(createdBy) };
}

function instructionOf({ createdBy }: Layer): Instruction | undefined {
  return createdBy === undefined ? undefined : parseInstruction(createdBy);
}

function InstructionText(
  { instruction, layer, max }: {
    instruction: Instruction | undefined;
    layer: Layer | undefined;
    max: number;
  },
) {
  if (instruction === undefined) {
    return <span class="muted">{layer?.title ? plain(layer.title, 120) : "no instruction is recorded"}</span>;
  }
  const { keyword, text } = instruction;
  return (
    <>
      {keyword && <Badge>{keyword}</Badge>} <code>{plain(text, max)}</code>{" "}
      {layer?.foreign && <Badge tone="warn">not in the registry</Badge>}
    </>
  );
}

/** Most values of one list of the configuration that a page shows. */
const MAX_VALUES = 40;

function Configuration({ image }: { image: Image }) {
  const {
    platform,
    created,
    author,
    user,
    workingDir,
    entrypoint,
    command,
    environment,
    ports,
    volumes,
    stopSignal,
  } = image;
  return (
    <Card title="Configuration">
      <Pairs
        pairs={[
          ["Platform", platform && platformText(platform)],
          ["Created", created && plain(created, 40)],
          ["Author", author && <Plain text={author} max={120} />],
          ["Entrypoint", entrypoint.length > 0 ? <code>{words(entrypoint)}</code> : undefined],
          ["Command", command.length > 0 ? <code>{words(command)}</code> : undefined],
          ["User", <code>{plain(user || "root", 80)}</code>],
          ["Working directory", <code>{plain(workingDir || "/", 200)}</code>],
          ["Ports", list(ports)],
          ["Volumes", list(volumes)],
          ["Stop signal", stopSignal && <code>{plain(stopSignal, 40)}</code>],
        ]}
      />
      {environment.length > 0 && (
        <>
          <h3>Environment</h3>
          <ManyPairs
            pairs={environment.map(({ name, value }) => [
              <code>{plain(name, 120)}</code>,
              <code>{plain(value, 200) || "\u00a0"}</code>,
            ])}
          />
        </>
      )}
    </Card>
  );
}

/** Words of a command, with quotes where a shell needs them. */
function words(texts: string[]): string {
  return plain(
    texts.map((text) => /^[\w./:=@%+,-]+$/.test(text) ? text : JSON.stringify(text)).join(" "),
    600,
  );
}

function list(values: string[]) {
  if (values.length === 0) return undefined;
  return <code>{plain(values.slice(0, MAX_VALUES).join(", "), 400)}</code>;
}
