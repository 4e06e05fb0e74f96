// SPDX-License-Identifier: MIT
// duckdb.mjs: runs each SQL statement that stdin brings and writes the last one's rows, a JSON array.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { DuckDBInstance } = createRequire(process.argv[2] + "/")("@duckdb/node-api");
const connection = await (await DuckDBInstance.create(process.argv[3] || ":memory:")).connect();
const statements = await connection.extractStatements(readFileSync(0, "utf8"));
let rows = [];
for (let i = 0; i < statements.count; i++) {
  const result = await (await statements.prepare(i)).runAndReadAll();
  rows = result.getRowObjectsJson();
}
console.log(JSON.stringify(rows));
