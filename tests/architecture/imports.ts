import { parse } from "npm:@babel/parser@8.1.2";

/** Places of a syntax tree that name a module. */
interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A source of ours, by its path from the root, with the paths of the sources that it imports. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * The specifiers that a TypeScript source names: in imports and exports, types included, in `import()`, and in
 * `new URL("...", import.meta.url)` of a module that is loaded later. What a worker runs is left out.
 *
 * @throws {SyntaxError} where the source is no TypeScript.
 */
export function specifiersOf(source: string, path = ""): string[] {
  const { program } = parse(source, { sourceType: "module", plugins: pluginsFor(path) });
  return [...namedIn(program as unknown as Node)];
}

/** Plugins of the parser for a source. Of JSX only where it may be: it gives `<T>` another meaning. */
export function pluginsFor(path: string): ("typescript" | "jsx")[] {
  return path.endsWith(".tsx") ? ["typescript", "jsx"] : ["typescript"];
}

/** Imports of all sources, each resolved to a path from the root; what is none of the sources is left out. */
export function importsOf(sources: ReadonlyMap<string, string>): Imports {
  return new Map(
    [...sources].map(([path, source]) => {
      const base = new URL(path, "file:///");
      const paths = specifiersOf(source, path)
        .filter((specifier) => !/^[a-z]+:/.test(specifier))
        .map((specifier) => new URL(specifier, base).pathname.slice(1))
        .filter((target) => target !== path && sources.has(target));
      return [path, [...new Set(paths)]];
    }),
  );
}

function* namedIn(node: Node): Generator<string> {
  if (node.type === "NewExpression") {
    const { name } = node.callee as Node;
    if (name === "Worker") return; // Another isolate loads it.
    const [specifier, base] = node.arguments as Node[];
    if (name === "URL" && isText(specifier) && base?.type === "MemberExpression") yield specifier.value;
  }
  const source = node.type === "ImportExpression" || /^(Import|Export)\w*Declaration$/.test(node.type)
    ? node.source
    : node.type === "TSImportType"
    ? node.source ?? node.argument
    : undefined;
  if (isNode(source) && isText(source)) yield source.value;
  for (const [name, value] of Object.entries(node)) {
    if (name.endsWith("Comments")) continue;
    for (const each of Array.isArray(value) ? value : [value]) if (isNode(each)) yield* namedIn(each);
  }
}

function isText(node: Node | undefined): node is Node & { value: string } {
  return node?.type === "StringLiteral";
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
