#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Starts the program of the package for this platform: same arguments, streams, signals and status.
"use strict";

const { spawn } = require("child_process");
const os = require("os");

const name = `orshim-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/orshim`);
} catch {
  const known = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
  console.error(known
    ? `orshim: the package ${name} is not installed; install orshim again without --omit=optional`
    : `orshim: there is no program for ${process.platform} on ${process.arch}, only for Linux on x64 and arm64`);
  process.exit(2);
}

const words = process.argv.slice(2);
if (process.execve) {
  process.execve(program, [program, ...words], process.env);
}
const child = spawn(program, words, { stdio: "inherit" });
// A terminal sends these to both; what comes to this process alone is passed on.
for (const signal of ["SIGINT", "SIGQUIT"]) process.on(signal, () => {});
for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`orshim: ${program} cannot be started: ${error.message}`);
  process.exit(2);
});
child.on("exit", (status, signal) => process.exit(signal ? 128 + os.constants.signals[signal] : status));
