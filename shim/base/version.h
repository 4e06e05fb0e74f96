/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BASE_VERSION_H
#define ORSHIM_BASE_VERSION_H

#define ORSHIM_VERSION "0.1.0"

#endif
