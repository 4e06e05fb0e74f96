// SPDX-License-Identifier: MIT
// otlp_check.cjs CACHE traces|logs <LINES: each line of OTLP/JSON against OpenTelemetry's own
// protobuf definitions, as npm's @opentelemetry/otlp-transformer has them compiled. A line is
// encoded as protobuf and decoded again: what comes back must be what the line says, so no
// member is unknown, none has another type. Prints {"valid":N,"faults":[…]}.
'use strict';
const { Module } = require('node:module');
const assert = require('node:assert');
const path = require('node:path');
const [cache, signal] = process.argv.slice(2);

// The bundle of protobufjs needs no other package.
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
	return request === 'protobufjs/minimal'
		? path.join(cache, 'protobufjs-7.6.6', 'dist', 'minimal', 'protobuf.js')
		: resolve.call(this, request, ...rest);
};
const { opentelemetry } = require(
	path.join(cache, 'otlp-transformer-0.208.0', 'build', 'src', 'generated', 'root.js'));
const type = signal === 'traces'
	? opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest
	: opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;

// OTLP/JSON differs from the JSON of Protocol Buffers in its ids: they are hex.
const IDS = { traceId: 16, spanId: 8 };
// The bundle keeps 64 bits in a number; the test's other half looks at each digit.
const WIDE = ['startTimeUnixNano', 'endTimeUnixNano', 'timeUnixNano', 'observedTimeUnixNano',
	'intValue'];

function prepared(value, key) {
	if (key in IDS) {
		assert.match(value, new RegExp(`^[0-9a-f]{${IDS[key] * 2}}$`), key);
		assert(!/^0+$/.test(value), key);
		return Buffer.from(value, 'hex').toString('base64');
	}
	if (WIDE.includes(key)) {
		assert.match(value, /^-?[0-9]+$/, `${key} is a string of digits`);
		return Number(value);
	}
	assert.notStrictEqual(value, null, `${key} is null`);
	if (Array.isArray(value))
		return value.map((one) => prepared(one));
	if (typeof value === 'object')
		return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, prepared(v, k)]));
	return value;
}

function check(line) {
	const said = prepared(JSON.parse(line));
	const message = type.fromObject(said);
	assert.strictEqual(type.verify(message), null);
	const bytes = type.encode(message).finish();
	const back = type.toObject(type.decode(bytes), { bytes: String, enums: Number });
	assert.deepStrictEqual(JSON.parse(JSON.stringify(back)), said);
}

let valid = 0;
const faults = [];
for (const line of require('node:fs').readFileSync(0, 'utf8').split('\n').slice(0, -1)) {
	try {
		check(line);
		valid++;
	} catch (error) {
		faults.push(String(error.message).slice(0, 500));
	}
}
console.log(JSON.stringify({ valid, faults: faults.slice(0, 20), count: faults.length }));
