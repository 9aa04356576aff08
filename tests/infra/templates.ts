/** CloudFormation templates of `infra/`, with their functions evaluated. */
import { assert } from "@std/assert";
import { parse, type ScalarTag, type YAMLMap, type YAMLSeq } from "yaml";

/** A resource of a stack. */
export interface Resource {
  Type: string;
  // deno-lint-ignore no-explicit-any -- Properties are as different as the resources; the tests compare them.
  Properties: any;
}

interface Template {
  Parameters: Record<string, { Default?: string }>;
  Conditions?: Record<string, unknown>;
  Resources: Record<string, Resource & { Condition?: string }>;
}

/** Parameters that AWS sets. */
const PSEUDO_PARAMETERS = {
  "AWS::AccountId": "123456789012",
  "AWS::Partition": "aws",
  "AWS::Region": "eu-central-1",
  "AWS::StackName": "skerry",
};

const TAGS = ["Equals", "GetAtt", "If", "Not", "Ref", "Sub"].flatMap((name) => [
  { tag: `!${name}`, resolve: (text: string) => ({ [`!${name}`]: text }) } as ScalarTag,
  {
    tag: `!${name}`,
    collection: "seq",
    resolve: (list: YAMLMap | YAMLSeq) => ({ [`!${name}`]: list.toJSON() }),
  } as unknown as ScalarTag,
]);

/** Reads a template, and returns the resources of its stack with these parameters. */
export async function readStack(
  name: string,
  parameters: Record<string, string>,
): Promise<Record<string, Resource>> {
  const text = await Deno.readTextFile(new URL(`../../infra/${name}`, import.meta.url));
  const { Parameters, Conditions = {}, Resources }: Template = parse(text, { customTags: TAGS });
  for (const parameter of Object.keys(parameters)) assert(parameter in Parameters, parameter);
  const values = Object.fromEntries(
    Object.entries(Parameters).map(([key, { Default }]) => [key, parameters[key] ?? Default]),
  );
  const evaluate = evaluator({ ...PSEUDO_PARAMETERS, ...values }, Conditions);
  const resources = Object.entries(Resources).filter(([, { Condition }]) =>
    Condition === undefined || evaluate(Conditions[Condition])
  );
  return Object.fromEntries(resources.map(([key, resource]) => [key, evaluate(resource) as Resource]));
}

/** Evaluates a value of a template. A reference to a resource becomes the name of the resource. */
function evaluator(
  values: Record<string, string | undefined>,
  conditions: Record<string, unknown>,
): (value: unknown) => unknown {
  const functions: Record<string, (argument: never) => unknown> = {
    "!Equals": ([one, other]: unknown[]) => evaluate(one) === evaluate(other),
    "!GetAtt": (path: string) => path,
    "!If": ([name, yes, no]: [string, unknown, unknown]) => evaluate(evaluate(conditions[name]) ? yes : no),
    "!Not": ([condition]: unknown[]) => !evaluate(condition),
    "!Ref": (name: string) => name === "AWS::NoValue" ? undefined : values[name] ?? name,
    "!Sub": (text: string) => text.replace(/\$\{(.+?)\}/g, (_, name) => values[name] ?? name),
  };
  function evaluate(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(evaluate).filter((item) => item !== undefined);
    const [[key, argument] = ["", undefined]] = Object.entries(value);
    if (Object.hasOwn(functions, key)) return functions[key]!(argument as never);
    const properties = Object.entries(value).map(([name, item]) => [name, evaluate(item)] as const);
    return Object.fromEntries(properties.filter(([, item]) => item !== undefined));
  }
  return evaluate;
}
