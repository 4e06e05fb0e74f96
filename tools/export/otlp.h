/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORT_OTLP_H
#define ORSHIM_EXPORT_OTLP_H

#include "tools/export/exported.h"

/*
 * Append the exchange as OTLP/JSON (opentelemetry.io, "OTLP Specification 1", JSON
 * Protobuf Encoding: ids in hex, 64-bit integers as strings), one TracesData or
 * LogsData a line, as the collector's otlpjsonfile receiver reads. The names are
 * those of the GenAI and HTTP semantic conventions, ours under orshim.*. The same
 * exchange has the same ids whenever it is exported. False at OUT's ceiling.
 */
bool put_otlp_span(struct buf *out, const struct exported *e);
bool put_otlp_log(struct buf *out, const struct exported *e);

#endif
