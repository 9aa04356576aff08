/**
 * The assertions of `@std/assert` that the tests use, built on Node's `assert`, so that unit tests need no further
 * package.
 *
 * @module
 */
import nodeAssert, { AssertionError as NodeAssertionError } from "node:assert";
import { isDeepStrictEqual } from "node:util";

/** A constructor or abstract class: the right side of `instanceof`. */
// `any` is how TypeScript's own `InstanceType` says "whatever the parameters are".
// deno-lint-ignore no-explicit-any -- constructors of errors take whatever they like
type AnyConstructor<T = unknown> = abstract new (...args: any[]) => T;

/** A value that is false in a condition. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Thrown by every assertion that fails. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Runs one of Node's assertions, and puts `msg` before its message. */
function check(assertion: () => void, msg: string | undefined): void {
  try {
    assertion();
  } catch (error) {
    if (!(error instanceof NodeAssertionError)) throw error;
    throw new AssertionError(msg === undefined ? error.message : `${msg}: ${error.message}`);
  }
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 6 });
}

function require(holds: boolean, what: string, msg: string | undefined): void {
  if (!holds) throw new AssertionError(msg === undefined ? what : `${what}: ${msg}`);
}

export function assert(expr: unknown, msg?: string): asserts expr {
  if (!expr) throw new AssertionError(msg ?? "Expected a truthy value");
}

export function assertFalse(expr: unknown, msg?: string): asserts expr is Falsy {
  require(!expr, `Expected a falsy value, got ${show(expr)}`, msg);
}

export function equal(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.deepStrictEqual(actual, expected), msg);
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.notDeepStrictEqual(actual, expected), msg);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  check(() => nodeAssert.strictEqual(actual, expected), msg);
}

export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.notStrictEqual(actual, expected), msg);
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  require(actual !== undefined && actual !== null, `Expected a value, got ${actual}`, msg);
}

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  require(actual > expected, `Expected ${show(actual)} > ${show(expected)}`, msg);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  require(actual >= expected, `Expected ${show(actual)} >= ${show(expected)}`, msg);
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  require(actual < expected, `Expected ${show(actual)} < ${show(expected)}`, msg);
}

export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  require(actual <= expected, `Expected ${show(actual)} <= ${show(expected)}`, msg);
}

export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  require(expected.test(actual), `Expected ${show(actual)} to match ${expected}`, msg);
}

export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  require(!expected.test(actual), `Expected ${show(actual)} not to match ${expected}`, msg);
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  require(actual.includes(expected), `Expected ${show(actual)} to contain ${show(expected)}`, msg);
}

export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  require(actual instanceof expectedType, `Expected a ${expectedType.name}, got ${show(actual)}`, msg);
}

export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: AnyConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(fn: () => unknown, ...expected: Expected): unknown {
  try {
    fn();
  } catch (error) {
    return checkError(error, expected);
  }
  throw new AssertionError("Expected the function to throw");
}

export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: AnyConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(fn: () => PromiseLike<unknown>, ...expected: Expected): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError("Expected a rejected promise, but the function threw", { cause: error });
  }
  try {
    await promise;
  } catch (error) {
    return checkError(error, expected);
  }
  throw new AssertionError("Expected the promise to reject");
}

/** Expectation of an error: only a message for the reader, or a class and a part of the error's text. */
type Expected = [(string | AnyConstructor<Error>)?, string?, string?];

function checkError(error: unknown, [first, part, msg]: Expected): unknown {
  if (typeof first === "function") {
    assertInstanceOf(error, first, msg);
    if (part !== undefined) assertStringIncludes(error.message, part, msg);
  }
  return error;
}

export function fail(msg?: string): never {
  throw new AssertionError(msg ?? "Failed");
}

export function unreachable(reason?: string): never {
  throw new AssertionError(reason ?? "This line must not be reached");
}
