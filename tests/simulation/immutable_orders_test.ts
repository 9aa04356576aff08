/** A file of its own, so that these tests can run beside the others. */
import { testOrders } from "./orders.ts";
import { IMMUTABLE } from "./scenarios.ts";

testOrders(IMMUTABLE);
