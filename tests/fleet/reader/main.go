// SPDX-License-Identifier: MIT
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Reads what `orshim export --otlp` writes with the OpenTelemetry collector's own decoders, which
// its otlpjsonfile receiver uses, and prints the lines as they come out of its encoders.
func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var text []byte
		var err error
		if os.Args[1] == "traces" {
			var traces ptrace.Traces
			if traces, err = (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(lines.Bytes()); err == nil {
				text, err = (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
			}
		} else {
			var logs plog.Logs
			if logs, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs(lines.Bytes()); err == nil {
				text, err = (&plog.JSONMarshaler{}).MarshalLogs(logs)
			}
		}
		if err != nil {
			text, _ = json.Marshal(map[string]string{"error": err.Error()})
		}
		fmt.Fprintf(out, "%s\n", text)
	}
}
