import { contains, functionAround, type Node, nodeIn, nodesIn, type Place } from "./syntax.ts";

/** A change at one place, and its kind. */
export interface Change {
  readonly kind: string;
  /** The replaced node, or the nodes from the first to the last one. */
  readonly node: Node;
  readonly last?: Node;
  readonly now: string;
}

/** Makes the mistakes of one kind that a place has room for; `text` answers a node's source. */
type Operator = (place: Place, text: (node: Node) => string) => Change[];

const BOUNDS = new Map(Object.entries({ "<": "<=", "<=": "<", ">": ">=", ">=": ">" }));
const COMPARISONS = new Set(["===", "!==", "==", "!=", ...BOUNDS.keys()]);
const OPPOSITES = new Map(Object.entries({ "+": "-", "-": "+", "+=": "-=", "-=": "+=" }));
/** Methods without which a list is still a list. */
const LIST_METHODS = new Set(["filter", "sort", "toSorted", "reverse", "toReversed", "slice"]);
const COUSINS = new Map(Object.entries({ min: "max", max: "min", some: "every", every: "some" }));
const BLOCKS = new Set(["BlockStatement", "SwitchCase"]);
const ACTS = new Set(["AwaitExpression", "CallExpression", "AssignmentExpression"]);
const WAITS = new Set(["AwaitExpression"]);
const MOVABLE = new Set(["ExpressionStatement", "VariableDeclaration", "IfStatement", "ForOfStatement"]);
const LEAVES = new Set(["ReturnStatement", "ThrowStatement", "ContinueStatement", "BreakStatement"]);

const negateConditions: Operator = ({ node }, text) => {
  const test = /^(If|While|DoWhile)Statement$|^ConditionalExpression$/.test(node.type)
    ? nodeIn(node, "test")
    : undefined;
  return test === undefined ? [] : [{ kind: "condition negated", node: test, now: `!(${text(test)})` }];
};

const dropAwaits: Operator = ({ node, parents: [parent, ...outer] }, text) => {
  const argument = nodeIn(node, "argument");
  if (node.type !== "AwaitExpression" || argument === undefined) return [];
  // Who awaits what an async function returns awaits all of it, except where something follows it first.
  const isReturned = parent?.type === "ReturnStatement" || parent?.type === "ArrowFunctionExpression";
  if (isReturned && !outer.some((each) => isTried(each, node))) return [];
  return [{ kind: "await dropped", node, now: text(argument) }];
};

/** True if a `catch` or a `finally` of the statement follows the node. */
function isTried(statement: Node, { start, end }: Node): boolean {
  if (statement.type !== "TryStatement") return false;
  const block = nodeIn(statement, "block")!;
  return nodeIn(statement, "finalizer") !== undefined || block.start <= start && end <= block.end;
}

const dropOperands: Operator = ({ node }, text) => {
  const [left, right] = [nodeIn(node, "left"), nodeIn(node, "right")];
  if (node.type !== "LogicalExpression" || left === undefined || right === undefined) return [];
  const keepRight = { kind: "left operand dropped", node, now: text(right) };
  return node.operator === "??" ? [keepRight] : [
    { kind: "right operand dropped", node, now: text(left) },
    keepRight,
  ];
};

const dropComparisons: Operator = ({ node, parents: [parent] }) => {
  if (node.type !== "BinaryExpression" || !COMPARISONS.has(String(node.operator))) return [];
  // There the operand is dropped, and what is returned becomes a constant.
  if (/^(LogicalExpression|ReturnStatement|ArrowFunctionExpression)$/.test(parent?.type ?? "")) return [];
  // The other way a guard is removed.
  const constants = parent?.type === "IfStatement" && isGuard(parent) ? ["true"] : ["true", "false"];
  return constants.map((now) => ({ kind: "comparison dropped", node, now }));
};

const moveBounds: Operator = ({ node }, text) => {
  const [left, right] = [nodeIn(node, "left"), nodeIn(node, "right")];
  if (node.type !== "BinaryExpression" || left === undefined || right === undefined) return [];
  const operator = BOUNDS.get(String(node.operator)) ?? OPPOSITES.get(String(node.operator));
  if (operator === undefined) return [];
  const moved = { kind: "bound moved", node, now: `${text(left)} ${operator} ${text(right)}` };
  const isStep = right.type === "NumericLiteral" && OPPOSITES.has(operator);
  return isStep ? [moved, { kind: "bound moved", node, now: text(left) }] : [moved];
};

const turnAssignments: Operator = ({ node }, text) => {
  const [left, right] = [nodeIn(node, "left"), nodeIn(node, "right")];
  const operator = OPPOSITES.get(String(node.operator));
  if (node.type !== "AssignmentExpression" || !left || !right || operator === undefined) return [];
  return [{ kind: "sum turned", node, now: `${text(left)} ${operator} ${text(right)}` }];
};

const removeStatements: Operator = ({ node, parents: [parent] }) => {
  if (!BLOCKS.has(parent?.type ?? "")) return [];
  if (isGuard(node)) return [{ kind: "guard removed", node, now: "" }];
  return node.type === "ExpressionStatement" ? [{ kind: "statement removed", node, now: "" }] : [];
};

/** True if it is an `if` that leaves. */
function isGuard(node: Node): boolean {
  const consequent = nodeIn(node, "consequent");
  const last = consequent?.type === "BlockStatement" ? nodesIn(consequent, "body").at(-1) : consequent;
  return node.type === "IfStatement" && !nodeIn(node, "alternate") && LEAVES.has(last?.type ?? "");
}

/** Two statements that both act, one of which waits: the order of others is not observable. */
const swapStatements: Operator = ({ node }, text) => {
  if (!BLOCKS.has(node.type)) return [];
  const statements = nodesIn(node, node.type === "SwitchCase" ? "consequent" : "body");
  return statements.flatMap((first, index) => {
    const last = statements[index + 1];
    if (last === undefined) return [];
    const pair = [first, last];
    const isOrdered = pair.every((each) => MOVABLE.has(each.type) && contains(each, ACTS)) &&
      pair.some((each) => contains(each, WAITS));
    return isOrdered
      ? [{ kind: "statements swapped", node: first, last, now: `${text(last)}\n${text(first)}` }]
      : [];
  });
};

const readLagging: Operator = ({ node }) => {
  const [key, value] = [nodeIn(node, "key"), nodeIn(node, "value")];
  if (node.type !== "ObjectProperty" || key?.name !== "consistent" || value?.value !== true) return [];
  return [{ kind: "consistency dropped", node: value, now: "false" }];
};

/** `table.put(item, { ifVersion })` by the version that the item has now, or by none at all. */
const looseConditions: Operator = (place, text) => {
  const { node } = place;
  const callee = nodeIn(node, "callee");
  const table = nodeIn(callee, "object");
  const method = nodeIn(callee, "property")?.name;
  const [item, condition] = node.type === "CallExpression" ? nodesIn(node, "arguments") : [];
  if (!table || !item || condition?.type !== "ObjectExpression" || !functionAround(place)?.async) return [];
  const [property] = nodesIn(condition, "properties");
  const value = nodeIn(property, "value");
  const name = nodeIn(property, "key")?.name;
  if (property === undefined || value === undefined) return [];
  const changes: Change[] = [];
  if (name === "ifVersion") {
    const fresh = `(await ${text(table)}.get(${text(item)}, { consistent: true }))?.version ?? ${
      text(value)
    }`;
    changes.push({ kind: "version read afresh", node: property, now: `ifVersion: ${fresh}` });
  }
  if (method === "put" && (name === "ifVersion" || name === "ifAbsent")) {
    const now = `${text(table)}.putMany([${text(item)}]).then(() => "any")`;
    changes.push({ kind: "write condition dropped", node, now });
  }
  return changes;
};

const returnConstants: Operator = ({ node }, text) => {
  const isArrow = node.type === "ArrowFunctionExpression" && nodeIn(node, "body")?.type !== "BlockStatement";
  const value = isArrow
    ? nodeIn(node, "body")
    : node.type === "ReturnStatement"
    ? nodeIn(node, "argument")
    : undefined;
  if (value === undefined || /Literal$/.test(value.type) || text(value) === "undefined") return [];
  const isTruth = /^LogicalExpression$/.test(value.type) || value.operator === "!" ||
    COMPARISONS.has(String(value.operator)) ||
    /^(await )?(\w+\.)*(is|has|may|matches)[A-Z]?\w*\(/.test(text(value));
  const constants = isTruth ? ["true", "false"] : isArrow ? [] : ["undefined"];
  return constants.map((now) => ({ kind: "constant returned", node: value, now }));
};

const dropNegations: Operator = ({ node, parents: [parent] }, text) => {
  const argument = nodeIn(node, "argument");
  if (node.type !== "UnaryExpression" || node.operator !== "!" || argument === undefined) return [];
  if (/^(If|While)Statement$|^ConditionalExpression$/.test(parent?.type ?? "")) return [];
  return [{ kind: "condition negated", node, now: text(argument) }];
};

const changeCalls: Operator = ({ node }, text) => {
  const callee = nodeIn(node, "callee");
  const object = nodeIn(callee, "object");
  const property = nodeIn(callee, "property");
  if (node.type !== "CallExpression" || !callee || !object || !property) return [];
  const name = String(property.name);
  const cousin = COUSINS.get(name);
  if (cousin !== undefined) return [{ kind: "call changed", node: property, now: cousin }];
  return LIST_METHODS.has(name) ? [{ kind: "call removed", node, now: text(object) }] : [];
};

/** All kinds of mistakes. */
export const OPERATORS: readonly Operator[] = [
  negateConditions,
  dropAwaits,
  dropOperands,
  dropComparisons,
  moveBounds,
  turnAssignments,
  removeStatements,
  swapStatements,
  readLagging,
  looseConditions,
  returnConstants,
  dropNegations,
  changeCalls,
];
