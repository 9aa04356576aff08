import { parse } from "npm:@babel/parser@8.1.2";

/** A node of the syntax tree as Babel makes it: its fields hold values, nodes and lists of nodes. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** A node and what it stands in. */
export interface Place {
  readonly node: Node;
  /** From the direct parent to the program. */
  readonly parents: readonly Node[];
}

const FUNCTIONS = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "ObjectMethod",
  "ClassMethod",
  "ClassPrivateMethod",
]);

/** Parts of the syntax tree in which nothing runs. */
const TYPES =
  /^TS(?!AsExpression|NonNullExpression|SatisfiesExpression)|^ImportDeclaration$|^Export(All|Specifier)/;

/**
 * Every node of a TypeScript source that runs, each before what is in it.
 *
 * @throws {SyntaxError} Where the source is no TypeScript.
 */
export function* placesOf(source: string): Generator<Place> {
  const { program } = parse(source, { sourceType: "module", plugins: ["typescript"] });
  yield* walk(program as unknown as Node, []);
}

function* walk(node: Node, parents: readonly Node[]): Generator<Place> {
  if (TYPES.test(node.type)) return;
  yield { node, parents };
  for (const child of childrenOf(node)) yield* walk(child, [node, ...parents]);
}

function* childrenOf(node: Node): Generator<Node> {
  for (const [name, value] of Object.entries(node)) {
    if (name.endsWith("Comments")) continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (isNode(each)) yield each;
    }
  }
}

/** True if the value is a node. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** The node in a field; `undefined` where the field holds none. */
export function nodeIn(node: Node | undefined, field: string): Node | undefined {
  const value = node?.[field];
  return isNode(value) ? value : undefined;
}

/** The nodes in a field that holds a list. */
export function nodesIn(node: Node, field: string): Node[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The innermost function around a place. */
export function functionAround({ parents }: Place): Node | undefined {
  return parents.find(({ type }) => FUNCTIONS.has(type));
}

/** The names of the functions and classes around a place, from the outside. */
export function pathOf({ node, parents }: Place): string {
  const names = [node, ...parents].map((each) => {
    if (!FUNCTIONS.has(each.type) && !/^Class|^VariableDeclarator$|Property$/.test(each.type)) {
      return undefined;
    }
    const id = nodeIn(each, "id") ?? nodeIn(each, "key");
    return nodeIn(id, "id")?.name ?? id?.name;
  });
  return names.filter((name) => typeof name === "string").reverse().join(".");
}

/** True if something in the node, functions in it included, is of one of these types. */
export function contains(node: Node, types: ReadonlySet<string>): boolean {
  return types.has(node.type) || [...childrenOf(node)].some((child) => contains(child, types));
}
